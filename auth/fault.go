package auth

import (
	"errors"
	"maps"
	"slices"
)

// The kinds of failure. Every [Fault] is one of them (errors.Is); an exit code, an
// HTTP status or a decision to retry follows from the kind, the text that a person
// reads follows from the Fault.
var (
	ErrFailed         = errors.New("failed")
	ErrNotFound       = errors.New("not found")
	ErrUsage          = errors.New("usage")
	ErrSignInRequired = errors.New("sign-in required")
	ErrDenied         = errors.New("denied")
	ErrOffline        = errors.New("offline")
	ErrNoAgent        = errors.New("no agent")
	ErrCanceled       = errors.New("canceled")
	ErrLocked         = errors.New("keyring locked")
	ErrTampered       = errors.New("tampered")
	ErrExpired        = errors.New("expired")
	ErrConflict       = errors.New("conflict")
	ErrMisconfigured  = errors.New("misconfigured")
)

// Fault is one thing that can go wrong, by its stable name. The name travels in
// the local API, in pages and in logs; auth/words holds a title, a sentence and a
// hint for each.
type Fault string

// The faults, by where they arise.
const (
	// Anything that no other fault describes.
	Internal Fault = "internal"
	BadInput Fault = "bad_input"

	// Finding the enterprise.
	CodeEmpty            Fault = "code_empty"
	CodeInvalid          Fault = "code_invalid"          // cannot be a code, a host or an address
	CodeUnknown          Fault = "code_unknown"          // args: code, suggestion?
	DirectoryNone        Fault = "directory_none"        // a bare code, and no directory is known
	DirectoryUnreachable Fault = "directory_unreachable" // args: host
	DirectoryBusy        Fault = "directory_busy"        // rate limit; args: host
	DocumentExpired      Fault = "document_expired"      // args: code
	DocumentTampered     Fault = "document_tampered"     // signature, code, origin or version is wrong
	DocumentPinMismatch  Fault = "document_pin_mismatch" // the root key is not the pinned one; args: host
	DomainUnknown        Fault = "domain_unknown"        // args: domain
	InsecureAddress      Fault = "insecure_address"      // plain http off loopback; args: host
	ConfirmationNeeded   Fault = "confirmation_needed"   // no terminal and no --yes; args: host, command?
	ConfirmationMismatch Fault = "confirmation_mismatch" // the confirmed host is not the one to be opened
	EnterpriseMisconfig  Fault = "enterprise_misconfig"  // its document or provider cannot be used; args: reason, host (of an address that is not public)
	DeviceNotOffered     Fault = "device_not_offered"    // sign-in on another device is not there

	// Before the browser opens.
	PortUnavailable     Fault = "port_unavailable"     // args: port
	PortReserved        Fault = "port_reserved"        // Windows has reserved it; args: port
	ClockWrong          Fault = "clock_wrong"          // args: skew
	ProxyInterferes     Fault = "proxy_interferes"     // TLS interception; args: host
	ProviderUnreachable Fault = "provider_unreachable" // args: host
	BrowserNotOpened    Fault = "browser_not_opened"   // args: command?

	// The sign-in itself.
	SignInBusy         Fault = "sign_in_busy" // another attempt runs
	SignInCanceled     Fault = "sign_in_canceled"
	SignInTimeout      Fault = "sign_in_timeout"
	SignInDenied       Fault = "sign_in_denied"        // the company said no; args: company, reason?
	SignInNotOpen      Fault = "sign_in_not_open"      // open to others only so far; args: account, company?
	SignInWrongCompany Fault = "sign_in_wrong_company" // args: name, company
	SignInOtherPerson  Fault = "sign_in_other_person"  // another person than the profile's; args: name, expected
	SignInStale        Fault = "sign_in_stale"         // this sign-in has ended; start again
	TokenInvalid       Fault = "token_invalid"         // the provider's answer failed a check; args: check
	ProviderFailed     Fault = "provider_failed"       // args: stage, code?, reason?
	ProviderSecret     Fault = "provider_secret"       // the provider does not accept our credentials
	FieldMissing       Fault = "field_missing"         // args: field, found
	AnswerNotData      Fault = "answer_not_data"       // a web page instead of data; args: stage

	// Staying signed in, and apps.
	SignInRequired   Fault = "sign_in_required"
	AccessEnded      Fault = "access_ended" // the person has left; args: company
	Offline          Fault = "offline"
	KeyringLocked    Fault = "keyring_locked"
	KeyringMissing   Fault = "keyring_missing"
	VaultDamaged     Fault = "vault_damaged"
	ProfileUnknown   Fault = "profile_unknown"   // args: profile
	ProfileAmbiguous Fault = "profile_ambiguous" // args: profile, candidates, example
	AppUnknown       Fault = "app_unknown"       // args: app, suggestion?
	AppAmbiguous     Fault = "app_ambiguous"     // args: app, candidates
	AppNotLaunched   Fault = "app_not_launched"
	AppNotYours      Fault = "app_not_yours"     // the person is not among those who may open it; args: app
	AppValueMissing  Fault = "app_value_missing" // the app is told something that nobody knows of the person; args: app, field
	LinkUsed         Fault = "link_used"
	LinkExpired      Fault = "link_expired"

	// This computer.
	AgentMissing  Fault = "agent_missing" // no agent listens
	AgentSilent   Fault = "agent_silent"  // one listens and does not answer; args: pid
	AgentOlder    Fault = "agent_older"
	AlreadyRuns   Fault = "already_runs"
	DiskFull      Fault = "disk_full"
	NativeMissing Fault = "native_missing" // an app's program is not on the device's list; args: app, program
	NotPermitted  Fault = "not_permitted"  // another user's agent, or a page that may not ask
	NotHere       Fault = "not_here"       // this part is not in this build yet; args: what
	WindowMissing Fault = "window_missing"

	// The server's own pages.
	FlowStale       Fault = "flow_stale"      // the callback came back in another browser or too late
	RequestInvalid  Fault = "request_invalid" // an authorize request that cannot be answered; args: reason
	SAMLMetadata    Fault = "saml_metadata"   // what an admin pasted is not the metadata of one service provider
	SAMLAddress     Fault = "saml_address"    // it takes no answers by POST
	SAMLKeys        Fault = "saml_keys"       // its certificates cannot be used
	SAMLEncryption  Fault = "saml_encryption" // it can be spoken to only encrypted
	EnterpriseNone  Fault = "enterprise_none" // no such enterprise here
	TooManyRequests Fault = "too_many_requests"
)

var kinds = map[Fault]error{
	Internal: ErrFailed, BadInput: ErrUsage,

	CodeEmpty: ErrUsage, CodeInvalid: ErrNotFound, CodeUnknown: ErrNotFound,
	DirectoryNone: ErrNotFound, DirectoryUnreachable: ErrOffline, DirectoryBusy: ErrOffline,
	DocumentExpired: ErrExpired, DocumentTampered: ErrTampered, DocumentPinMismatch: ErrTampered,
	DomainUnknown: ErrNotFound, InsecureAddress: ErrMisconfigured, ConfirmationNeeded: ErrUsage,
	ConfirmationMismatch: ErrTampered, EnterpriseMisconfig: ErrMisconfigured, DeviceNotOffered: ErrFailed,

	PortUnavailable: ErrFailed, PortReserved: ErrFailed, ClockWrong: ErrFailed,
	ProxyInterferes: ErrOffline, ProviderUnreachable: ErrOffline, BrowserNotOpened: ErrFailed,

	SignInBusy: ErrConflict, SignInCanceled: ErrCanceled, SignInTimeout: ErrCanceled,
	SignInDenied: ErrDenied, SignInWrongCompany: ErrDenied, SignInOtherPerson: ErrDenied,
	SignInStale: ErrExpired, TokenInvalid: ErrTampered, ProviderFailed: ErrFailed,
	ProviderSecret: ErrMisconfigured, FieldMissing: ErrMisconfigured, AnswerNotData: ErrMisconfigured,

	SignInRequired: ErrSignInRequired, AccessEnded: ErrSignInRequired, Offline: ErrOffline,
	KeyringLocked: ErrLocked, KeyringMissing: ErrFailed, VaultDamaged: ErrFailed,
	ProfileUnknown: ErrNotFound, ProfileAmbiguous: ErrUsage, AppUnknown: ErrNotFound, AppAmbiguous: ErrUsage,
	SignInNotOpen: ErrDenied,
	AppNotYours:   ErrDenied, AppValueMissing: ErrMisconfigured,
	AppNotLaunched: ErrFailed, LinkUsed: ErrExpired, LinkExpired: ErrExpired,

	AgentMissing: ErrNoAgent, AgentSilent: ErrNoAgent, AgentOlder: ErrConflict, AlreadyRuns: ErrConflict,
	NotPermitted: ErrDenied, NotHere: ErrFailed, DiskFull: ErrFailed, WindowMissing: ErrFailed, NativeMissing: ErrFailed,

	FlowStale: ErrExpired, SAMLMetadata: ErrUsage, SAMLAddress: ErrUsage, SAMLKeys: ErrUsage, SAMLEncryption: ErrUsage,
	RequestInvalid: ErrUsage, EnterpriseNone: ErrNotFound,
	TooManyRequests: ErrOffline,
}

// Faults returns every fault, sorted by name.
func Faults() []Fault { return slices.Sorted(maps.Keys(kinds)) }

// Error returns the name; a Fault is an error so that errors.Is can find it.
func (f Fault) Error() string { return string(f) }

// Is reports whether target is the kind of f.
func (f Fault) Is(target error) bool { return target != nil && kinds[f] == target }

// Kind returns the kind of f, [ErrFailed] for a name that nobody defined.
func (f Fault) Kind() error {
	if k := kinds[f]; k != nil {
		return k
	}
	return ErrFailed
}

// OtherAccount reports whether another account may do what this one could not: whoever
// shows the fault offers to switch.
func (f Fault) OtherAccount() bool {
	return f == SignInWrongCompany || f == SignInOtherPerson || f == SignInDenied
}

// Args are the facts that a fault's sentence names: a host, a company, a field.
// Never a secret, nor anything that a provider could fill with one.
type Args map[string]string

// Error is a Fault with its facts and its cause. The cause is for the log; what a
// person reads comes from Fault and Args alone.
type Error struct {
	Fault Fault
	Args  Args
	Err   error // may be nil
}

// Fail makes an [Error]; cause may be nil.
func Fail(f Fault, args Args, cause error) *Error {
	return &Error{Fault: f, Args: args, Err: cause}
}

// Error returns "fault: cause".
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Fault)
	}
	return string(e.Fault) + ": " + e.Err.Error()
}

// Unwrap gives errors.Is and errors.As the fault (and through it the kind) and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Fault}
	}
	return []error{e.Fault, e.Err}
}

// FaultOf returns the outermost fault in err's chain with its facts; a plain kind
// becomes the fault that stands for it, the system's word for a full disk [DiskFull],
// anything else is [Internal].
func FaultOf(err error) (Fault, Args) {
	var e *Error
	if errors.As(err, &e) {
		return e.Fault, e.Args
	}
	var f Fault
	if errors.As(err, &f) {
		return f, nil
	}
	for _, row := range []struct {
		kind  error
		fault Fault
	}{
		{ErrSignInRequired, SignInRequired},
		{ErrOffline, Offline},
		{ErrLocked, KeyringLocked},
		{ErrCanceled, SignInCanceled},
		{ErrDenied, SignInDenied},
		{ErrNoAgent, AgentMissing},
		{ErrTampered, DocumentTampered},
	} {
		if errors.Is(err, row.kind) {
			return row.fault, nil
		}
	}
	if slices.ContainsFunc(diskFull, func(full error) bool { return errors.Is(err, full) }) {
		return DiskFull, nil
	}
	return Internal, nil
}
