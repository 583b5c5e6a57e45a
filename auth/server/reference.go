package server

import "context"

const referenceKey contextKey = 100

// WithReference returns a context that carries the reference (auth.NewTrace) of what is
// going on, where something was written down under it already.
func WithReference(ctx context.Context, reference string) context.Context {
	return context.WithValue(ctx, referenceKey, reference)
}

// Reference returns the context's reference, or "".
func Reference(ctx context.Context) string {
	reference, _ := ctx.Value(referenceKey).(string)
	return reference
}
