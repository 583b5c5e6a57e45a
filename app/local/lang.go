package local

import "context"

type langKey struct{}

// WithLang makes ctx carry the language in which answers are worded: a tag such as
// "zh", a locale name or an Accept-Language header. A [Client] sends it as
// Accept-Language and a [Server] hands it on, so both ends may ask [Lang].
func WithLang(ctx context.Context, lang string) context.Context {
	return context.WithValue(ctx, langKey{}, lang)
}

// Lang returns what [WithLang] set, "" where the caller did not say.
func Lang(ctx context.Context) string {
	lang, _ := ctx.Value(langKey{}).(string)
	return lang
}
