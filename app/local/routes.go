package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"lanyard/auth"
)

// answer is one route: it answers the request or returns why it does not.
type answer func(w http.ResponseWriter, r *http.Request) error

// routes are the routes that answer once with JSON (and icons). The two that
// stream are in stream.go.
func (s *Server) routes() map[string]answer {
	svc := s.Service
	return map[string]answer{
		"GET /v1/state": func(w http.ResponseWriter, r *http.Request) error {
			state, err := svc.State(r.Context())
			return reply(w, state.listed(), err)
		},
		"POST /v1/sign-in": func(w http.ResponseWriter, r *http.Request) error {
			var req SignInRequest
			if err := read(r, &req); err != nil {
				return err
			}
			req.Env = req.Env.Allowed()
			id, err := svc.SignIn(r.Context(), req)
			return replyAttempt(w, id, err)
		},
		"POST /v1/sign-in/{id}/confirm": func(w http.ResponseWriter, r *http.Request) error {
			var req Confirmation
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Confirm(r.Context(), r.PathValue("id"), req))
		},
		"POST /v1/sign-in/{id}/device": func(w http.ResponseWriter, r *http.Request) error {
			return reply(w, nil, svc.UseDevice(r.Context(), r.PathValue("id")))
		},
		"POST /v1/sign-in/{id}/open": func(w http.ResponseWriter, r *http.Request) error {
			var req envBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Reopen(r.Context(), r.PathValue("id"), req.Env.Allowed()))
		},
		"DELETE /v1/sign-in/{id}": func(w http.ResponseWriter, r *http.Request) error {
			return reply(w, nil, svc.Cancel(r.Context(), r.PathValue("id")))
		},
		"POST /v1/activate": func(w http.ResponseWriter, r *http.Request) error {
			var req ActivateRequest
			if err := read(r, &req); err != nil {
				return err
			}
			req.Env = req.Env.Allowed()
			id, err := svc.Activate(r.Context(), req)
			return replyAttempt(w, id, err)
		},
		"POST /v1/sign-out": func(w http.ResponseWriter, r *http.Request) error {
			var req SignOutRequest
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.SignOut(r.Context(), req))
		},
		"POST /v1/profiles/{id}/select": func(w http.ResponseWriter, r *http.Request) error {
			return reply(w, nil, svc.Select(r.Context(), r.PathValue("id")))
		},
		"POST /v1/profiles/{id}/devices": func(w http.ResponseWriter, r *http.Request) error {
			var req envBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Devices(r.Context(), r.PathValue("id"), req.Env.Allowed()))
		},
		"DELETE /v1/profiles/{id}": func(w http.ResponseWriter, r *http.Request) error {
			return reply(w, nil, svc.Forget(r.Context(), r.PathValue("id")))
		},
		"GET /v1/apps": func(w http.ResponseWriter, r *http.Request) error {
			q := r.URL.Query()
			list, err := svc.Apps(r.Context(), AppsQuery{Query: q.Get("q"), Profile: q.Get("profile")})
			if list.Apps == nil {
				list.Apps = []AppEntry{}
			}
			return reply(w, list, err)
		},
		"POST /v1/apps/{id}/launch": func(w http.ResponseWriter, r *http.Request) error {
			var req LaunchRequest
			if err := read(r, &req); err != nil {
				return err
			}
			req.App, req.Env = r.PathValue("id"), req.Env.Allowed()
			launched, err := svc.Launch(r.Context(), req)
			if err != nil {
				return err
			}
			status := http.StatusOK
			if launched.Attempt != "" {
				status = http.StatusAccepted
			}
			writeJSON(w, status, launched)
			return nil
		},
		"POST /v1/apps/{id}/pin": func(w http.ResponseWriter, r *http.Request) error {
			var req pinBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Pin(r.Context(), r.PathValue("id"), req.Pinned))
		},
		"POST /v1/apps/{id}/asked": func(w http.ResponseWriter, r *http.Request) error {
			var req askedBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Asked(r.Context(), r.PathValue("id"), req.Profile))
		},
		"GET /v1/icons/{sha256}": func(w http.ResponseWriter, r *http.Request) error {
			data, mediaType, err := svc.Icon(r.Context(), r.PathValue("sha256"))
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(data) // #nosec G705 -- read by our own windows, and by no browser
			return nil
		},
		"GET /v1/settings": func(w http.ResponseWriter, r *http.Request) error {
			settings, err := svc.Settings(r.Context())
			return reply(w, settings, err)
		},
		"PUT /v1/settings": func(w http.ResponseWriter, r *http.Request) error {
			var req Settings
			if err := read(r, &req); err != nil {
				return err
			}
			settings, err := svc.SetSettings(r.Context(), req)
			return reply(w, settings, err)
		},
		"GET /v1/doctor": func(w http.ResponseWriter, r *http.Request) error {
			report, err := svc.Doctor(r.Context())
			if report.Checks == nil {
				report.Checks = []Check{}
			}
			return reply(w, report, err)
		},
		"POST /v1/window": func(w http.ResponseWriter, r *http.Request) error {
			var req windowBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Window(r.Context(), req.Name, req.Env.Allowed()))
		},
		"POST /v1/quit": func(w http.ResponseWriter, r *http.Request) error {
			var req quitBody
			if err := read(r, &req); err != nil {
				return err
			}
			return reply(w, nil, svc.Quit(r.Context(), req.Restart))
		},
	}
}

// The bodies of requests whose Go form is a list of arguments.
type (
	attemptBody struct {
		ID string `json:"id"`
	}
	envBody struct {
		Env Env `json:"env,omitempty"`
	}
	pinBody struct {
		Pinned bool `json:"pinned"`
	}
	askedBody struct {
		Profile string `json:"profile,omitempty"` // empty: the current one
	}
	windowBody struct {
		Name string `json:"name"`
		Env  Env    `json:"env,omitempty"`
	}
	quitBody struct {
		Restart bool `json:"restart,omitempty"`
	}
)

// read decodes the body into req. An empty body is an empty request; unknown fields
// are a newer caller's and ignored.
func read(r *http.Request, req any) error {
	if err := json.NewDecoder(r.Body).Decode(req); err != nil && !errors.Is(err, io.EOF) {
		return auth.Fail(auth.BadInput, nil, fmt.Errorf("decode request: %w", err))
	}
	return nil
}

// reply answers v, or returns err.
func reply(w http.ResponseWriter, v any, err error) error {
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// replyAttempt answers the id of an attempt that is now under way, or returns err.
func replyAttempt(w http.ResponseWriter, id string, err error) error {
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, attemptBody{ID: id})
	return nil
}

// listed returns s with an empty list where there is none, for readers that are not Go.
func (s State) listed() State {
	if s.Profiles == nil {
		s.Profiles = []Profile{}
	}
	return s
}
