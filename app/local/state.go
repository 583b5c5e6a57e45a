package local

import (
	"time"

	"lanyard/auth"
)

// API is the version of the local API. Fields are only added to it and unknown
// ones are ignored, so it grows only when something is taken away.
const API = 1

// State is everything that a face shows. It is one value: faces are pure functions
// of it. Rev grows with each State.
type State struct {
	API       int    `json:"api"`
	Version   string `json:"version"` // of the agent
	Rev       uint64 `json:"rev"`
	Current   string `json:"current,omitempty"`    // id of the current profile
	ManagedBy string `json:"managed_by,omitempty"` // who set this device up by policy
	Offline   bool   `json:"offline"`
	// MemoryOnly says that tokens cannot be stored safely here and are gone at restart.
	MemoryOnly bool `json:"memory_only,omitempty"`
	// Lang is the language ("en" or "zh") of what nobody asked for in another.
	Lang     string    `json:"lang,omitempty"`
	Profiles []Profile `json:"profiles"`
	Attempt  *Attempt  `json:"attempt,omitempty"`
}

// Profile returns the profile with that id, nil if there is none; the empty id
// means the current one.
func (s *State) Profile(id string) *Profile {
	if id == "" {
		id = s.Current
	}
	for i := range s.Profiles {
		if s.Profiles[i].ID == id {
			return &s.Profiles[i]
		}
	}
	return nil
}

// Phase is where a profile stands.
type Phase string

// The phases of a profile.
const (
	SignedOut         Phase = "signed_out"
	SignedIn          Phase = "signed_in"
	NeedsYou          Phase = "needs_you"
	WaitingForKeyring Phase = "waiting_for_keyring"
)

// Profile is an account remembered on this device.
type Profile struct {
	ID         string          `json:"id"`
	Enterprise auth.Enterprise `json:"enterprise"`
	Identity   auth.Identity   `json:"identity"`
	Phase      Phase           `json:"phase"`
	Refreshing bool            `json:"refreshing,omitempty"`
	// ExpiresAt is when the access token ends; for people who look, not for logic.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Apps are what the tray offers: pinned, then frequent, at most ten.
	Apps    []AppEntry `json:"apps,omitempty"`
	AppsAll int        `json:"apps_all,omitempty"` // how many there are in all
	Problem *Problem   `json:"problem,omitempty"`
	// Shared says that this is a computer for several people: nothing of the account
	// outlives the sign-out or the agent.
	Shared bool `json:"shared,omitempty"`
	// ServerDown says that there is a network, but that the company's server did not
	// answer when it was last asked. Apps open by their own addresses meanwhile.
	ServerDown bool `json:"server_down,omitempty"`
	// Opened is the app that was opened last, for as long as it makes sense to ask
	// whether that went well.
	Opened *Opened `json:"opened,omitempty"`
	// NewDevice is another device on which the person has signed in lately, or somebody
	// else in their name; until [Service].Devices was called.
	NewDevice *NewDevice `json:"new_device,omitempty"`
}

// NewDevice is a device as its own program names it, which decides nothing.
type NewDevice struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// Opened is one opening of an app, about which [Service].Asked can complain.
type Opened struct {
	App   string    `json:"app"`
	Title auth.Text `json:"title"`
	Until time.Time `json:"until"`
	// Told says that the company was told that the app asked the person to sign in.
	Told bool `json:"told,omitempty"`
}

// Ended reports whether the company has ended the person's access.
func (p *Profile) Ended() bool { return p.Problem != nil && p.Problem.Code == auth.AccessEnded }

// AppEntry is an app as a face shows it.
type AppEntry struct {
	auth.App
	Pinned bool `json:"pinned,omitempty"`
}

// AppList is the answer to [AppsQuery].
type AppList struct {
	Profile string     `json:"profile"`
	Apps    []AppEntry `json:"apps"`
	// Stale says that the list is the kept one, because the company's server could
	// not be asked.
	Stale bool `json:"stale,omitempty"`
}

// Step is where an attempt stands.
type Step string

// The steps of an attempt, in their order; an attempt ends as StepDone or StepFailed.
const (
	StepResolving Step = "resolving"
	StepConfirm   Step = "confirm"
	StepChecking  Step = "checking"
	StepWaiting   Step = "waiting_for_browser"
	StepFinishing Step = "finishing"
	StepDone      Step = "done"
	StepFailed    Step = "failed"
)

// Attempt is one sign-in under way or just ended.
type Attempt struct {
	ID         string           `json:"id"`
	Step       Step             `json:"step"`
	Profile    string           `json:"profile,omitempty"` // once known
	Enterprise *auth.Enterprise `json:"enterprise,omitempty"`
	// Host is the host that the agent will really open (the authorization endpoint's,
	// in ASCII where scripts mix); Via is the host behind a broker, as the enterprise
	// says. Unconfirmed is the domain that did not confirm the enterprise.
	Host        string `json:"host,omitempty"`
	Via         string `json:"via,omitempty"`
	Unconfirmed string `json:"unconfirmed,omitempty"`
	Hash        string `json:"hash,omitempty"` // of the enterprise's document
	URL         string `json:"url,omitempty"`  // the page to open; only while waiting
	Opened      bool   `json:"opened,omitempty"`
	// DeviceOffered says that the sign-in can be finished on another device, see
	// [Service].UseDevice; Device is what the person needs for that, once somebody asked.
	DeviceOffered bool      `json:"device_offered,omitempty"`
	Device        *Device   `json:"device,omitempty"`
	Suggestion    string    `json:"suggestion,omitempty"`
	Deadline      time.Time `json:"deadline,omitzero"`
	// Problem is why the attempt failed; of one that is done, why App did not open.
	Problem   *Problem `json:"problem,omitempty"`
	Reference string   `json:"reference"`
	// App is what opens when the attempt is done; empty for a plain sign-in.
	App string `json:"app,omitempty"`
}

// Over reports whether the attempt has ended.
func (a *Attempt) Over() bool { return a.Step == StepDone || a.Step == StepFailed }

// Failed reports whether the attempt ended in a way that the person does not know of:
// not because somebody canceled it.
func (a *Attempt) Failed() bool {
	return a.Step == StepFailed && a.Problem != nil && a.Problem.Code != auth.SignInCanceled
}

// Device is what a person needs to finish a sign-in on another device: UserCode is typed
// at URL, or Complete is opened, which has it in it and may be empty; and then Number is
// typed, which this computer alone shows; a company without a server of ours gives none.
type Device struct {
	UserCode string    `json:"user_code"`
	URL      string    `json:"url"`
	Complete string    `json:"complete,omitempty"`
	Number   string    `json:"number"`
	Expires  time.Time `json:"expires,omitzero"`
}

// Problem is a fault as a person reads it, in the language that was asked for. It
// is also the body of every error answer of the local API.
type Problem struct {
	Code      auth.Fault `json:"code"`
	Title     string     `json:"title"`
	Sentence  string     `json:"sentence,omitempty"`
	Hint      string     `json:"hint,omitempty"`
	Args      auth.Args  `json:"args,omitempty"`
	Reference string     `json:"reference,omitempty"`
}

// Error makes a Problem an error that carries its fault.
func (p *Problem) Error() string { return p.Title }

// Unwrap gives errors.Is the fault, and with it the kind.
func (p *Problem) Unwrap() error { return &auth.Error{Fault: p.Code, Args: p.Args} }

// Event is one thing that a face hears: a new State, or a window to raise.
type Event struct {
	State  *State `json:"state,omitempty"`
	Window string `json:"window,omitempty"`
}

// Settings are a person's choices; what policy fixes is listed in Locked.
type Settings struct {
	Autostart bool     `json:"autostart"`
	Language  string   `json:"language"` // "", "en" or "zh"; empty follows the system
	Browser   string   `json:"browser"`  // command; empty is the system's
	Locked    []string `json:"locked,omitempty"`
}

// Report is what the doctor found.
type Report struct {
	Checks []Check `json:"checks"`
}

// Check is one finding of the doctor.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, warn, fail, skipped
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
}
