package connector

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
)

// steps runs a list in order and stops at the first failure of a step that is not
// optional.
func (x *execution) steps(ctx context.Context, steps []Step) error {
	for i := range steps {
		s := &steps[i]
		id := s.ID
		if id == "" {
			id = "step " + strconv.Itoa(i+1)
		}
		if err := x.step(ctx, s, id); err != nil {
			if !s.Optional || ctx.Err() != nil {
				return err
			}
			x.e.logger().DebugContext(ctx, "optional step failed", "connector", x.c.ID, "stage", id, "err", err)
			continue
		}
		if err := x.expect(id, s); err != nil {
			x.stages[len(x.stages)-1].Err = err
			return err
		}
	}
	return nil
}

// expect compares what a step set with the only values that the connector accepts.
// It runs after each step, so that a person of another company goes no further.
func (x *execution) expect(id string, s *Step) error {
	for name, want := range x.c.Expect {
		if _, set := s.Set[name]; !set || x.values[name] == "" || x.values[name] == want {
			continue
		}
		who := x.values["name"]
		if who == "" {
			who = x.values["sub"]
		}
		return auth.Fail(auth.SignInWrongCompany, auth.Args{"stage": id, "name": clean(who)},
			fmt.Errorf("%s is %q, want %q", name, x.values[name], want))
	}
	return nil
}

// step runs one step and takes over what it sets. Where the vendor says that an app
// token from the cache has ended, the token is fetched anew and the step tried once
// more.
func (x *execution) step(ctx context.Context, s *Step, id string) error {
	values, err := x.perform(ctx, s, id)
	if err != nil && len(x.kept) > 0 && means(s, err) == MeansToken {
		if err := x.renew(ctx); err != nil {
			return err
		}
		values, err = x.perform(ctx, s, id)
	}
	if err != nil {
		return err
	}
	x.take(values)
	return nil
}

func (x *execution) take(values map[string]string) {
	for name, v := range values {
		x.values[name] = v
		if x.veil.hides(name, v) {
			x.veil.add(v)
		}
	}
}

// renew fetches the app tokens again that came from the cache.
func (x *execution) renew(ctx context.Context) error {
	old := x.kept
	x.kept = nil
	for _, k := range old {
		x.e.tokens.forget(k.key, k.values)
	}
	for _, k := range old {
		values, err := x.perform(ctx, k.step, k.id)
		if err != nil {
			return err
		}
		x.take(values)
	}
	// What another sign-in fetched in between is as new as our own.
	x.kept = nil
	return nil
}

// perform renders and sends one step, or finds its result in the cache, and notes the
// stage.
func (x *execution) perform(ctx context.Context, s *Step, id string) (map[string]string, error) {
	begin := time.Now()
	x.stages = append(x.stages, Stage{ID: id})
	stage := &x.stages[len(x.stages)-1]
	values, err := x.performStage(ctx, s, stage)
	stage.Err, stage.Duration = err, time.Since(begin)
	x.e.logger().DebugContext(ctx, "step done", "connector", x.c.ID, "stage", id, "dur", stage.Duration, "ok", err == nil)
	return values, err
}

func (x *execution) performStage(ctx context.Context, s *Step, stage *Stage) (map[string]string, error) {
	c, err := x.render(s)
	if err != nil {
		return nil, misconfigured(stage.ID, err)
	}
	stage.Request = c.shown
	if s.Cache == nil {
		return x.send(ctx, s, c, stage)
	}
	key := c.key()
	values, hit, err := x.e.tokens.get(ctx, key, x.e.now(), func() (map[string]string, time.Duration, error) {
		values, err := x.send(ctx, s, c, stage)
		return values, seconds(values[s.Cache.TTL]) - time.Duration(s.Cache.Skew)*time.Second, err
	})
	if err != nil {
		return nil, x.transport(ctx, stage.ID, c, err)
	}
	if hit {
		stage.Answer = "kept from an earlier sign-in"
		x.kept = append(x.kept, keptToken{key, s, stage.ID, values})
	}
	return maps.Clone(values), nil
}

// key names a request by its content.
func (c *call) key() cacheKey {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", c.method, c.url)
	_ = c.header.Write(h)
	h.Write(c.body)
	return cacheKey(h.Sum(nil))
}

// send makes the call and judges its answer.
func (x *execution) send(ctx context.Context, s *Step, c *call, stage *Stage) (map[string]string, error) {
	req, err := c.request(ctx)
	if err != nil {
		return nil, misconfigured(stage.ID, errors.New("the address cannot be called"))
	}
	resp, err := x.e.HTTP.Do(req)
	if err != nil {
		return nil, x.transport(ctx, stage.ID, c, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, x.transport(ctx, stage.ID, c, err)
	}
	a := answer{x: x, s: s, id: stage.ID, status: resp.StatusCode}
	values, err := a.judge(body)
	stage.Answer = a.shown
	return values, err
}

// transport turns an error of the HTTP client into a fault. The client's error would
// quote the whole address, so only what lies under it is kept, with secrets hidden.
func (x *execution) transport(ctx context.Context, stage string, c *call, err error) error {
	var already *auth.Error
	isFault := errors.As(err, &already)
	if isFault && already.Args["stage"] != "" {
		return err
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	base, _, _ := strings.Cut(c.url, "?")
	cause := &veiledError{x.veil.text(fmt.Sprintf("%s %s: %v", c.method, base, err)), err}
	switch {
	case isFault: // the client refused the address or cut the answer
		args := maps.Clone(already.Args)
		args["stage"] = stage
		return auth.Fail(already.Fault, args, cause)
	case errors.Is(ctx.Err(), context.Canceled):
		return auth.Fail(auth.SignInCanceled, auth.Args{"stage": stage}, cause)
	}
	return auth.Fail(auth.ProviderUnreachable, auth.Args{"stage": stage, "host": host(c.url)}, cause)
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// means returns what the vendor's code in err stands for at this step.
func means(s *Step, err error) string {
	_, args := auth.FaultOf(err)
	return s.Fail.Means[args["code"]]
}

// seconds reads a lifetime; vendors write 7200, "7200" and 7200.0. What cannot be read
// is 0, and nothing lives longer than ten years.
func seconds(s string) time.Duration {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != n || n <= 0 {
		return 0
	}
	return time.Duration(min(n, 10*365*24*3600)) * time.Second
}

// success is HTTP's part of success.
func success(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}
