package connector

import "errors"

// FieldError is one fault of a connector document and where it stands.
type FieldError struct {
	Path    string // "steps.1.method"
	Message string // "must be GET or POST"
}

// Error returns "path: message".
func (e *FieldError) Error() string { return e.Path + ": " + e.Message }

// Field returns both, for who shows them apart and may not know this package.
func (e *FieldError) Field() (path, message string) { return e.Path, e.Message }

// faults collects field errors, so that all of them are reported at once.
type faults struct{ list []*FieldError }

func (f *faults) add(path, message string) {
	f.list = append(f.list, &FieldError{path, message})
}

func (f *faults) err() error {
	errs := make([]error, len(f.list))
	for i, e := range f.list {
		errs[i] = e
	}
	return errors.Join(errs...)
}
