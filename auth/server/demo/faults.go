package demo

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// NewPassword is everybody's after the fault "password".
const NewPassword = "lanyard-2"

// leaver is who has left by the fault "left".
const leaver = "zhangsan"

// slowness is how much longer the company's sign-in takes by the fault "slow": long
// enough to be noticed, short enough for everybody who waits for it.
const slowness = 4 * time.Second

// The faults that whoever runs the demo can switch on, in the order of the panel.
const (
	faultPassword = "password" // the password was changed: old sessions and the old one are worth nothing
	faultLeft     = "left"     // a person has left
	faultRenamed  = "renamed"  // the user interface calls the person's ID otherwise
	faultSecret   = "secret"   // the client's secret has expired
	faultSlow     = "slow"
	faultDown     = "down"
)

var allFaults = []string{faultPassword, faultLeft, faultRenamed, faultSecret, faultSlow, faultDown}

// faults are those that are on.
type faults struct {
	mu sync.Mutex
	on []string
}

func (f *faults) is(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.on, name)
}

// toggle switches a fault and reports whether there is such a one.
func (f *faults) toggle(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(allFaults, name) {
		return false
	}
	if i := slices.Index(f.on, name); i >= 0 {
		f.on = slices.Delete(f.on, i, i+1)
	} else {
		f.on = append(f.on, name)
	}
	return true
}

// trouble stands before the company's sign-in and makes it slow, or silent: a service
// that is down does not answer, it hangs up. The page with the switches is not part of
// the service and stays.
func (s *sso) trouble(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.faults.is(faultDown) {
			panic(http.ErrAbortHandler)
		}
		if s.faults.is(faultSlow) {
			select {
			case <-time.After(slowness):
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// own lets through only who comes from this computer, to this address by its name: no
// page of another site may work the switches, whatever its name is made to resolve to.
// Forms from elsewhere are kept out by http.CrossOriginProtection.
func (s *sso) own(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base, err := url.Parse(s.cfg.BaseURL)
		host, _, split := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		if err != nil || split != nil || ip == nil || !ip.IsLoopback() || r.Host != base.Host {
			http.Error(w, "only from this computer", http.StatusForbidden)
			return
		}
		next(w, r)
	})
}

// fault takes the panel's form: one switch.
func (s *sso) fault(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	name := r.PostFormValue("fault")
	if !s.faults.toggle(name) {
		http.Error(w, "no such fault", http.StatusBadRequest)
		return
	}
	if name == faultPassword { // whoever was signed in has to type the password of now
		s.sessions.clear()
	}
	http.Redirect(w, r, "/#faults", http.StatusSeeOther)
}
