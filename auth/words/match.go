package words

import (
	"strconv"
	"strings"
)

// Match returns the language, "en" or "zh", that fits an Accept-Language header
// (RFC 9110 section 12.5.4) or a locale name such as "zh_CN.UTF-8". Whoever asks for
// neither gets English.
func Match(accept string) string {
	best, weight := English, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(item, ";")
		tag = strings.ToLower(strings.TrimSpace(tag))
		if end := strings.IndexAny(tag, "-_.@"); end >= 0 {
			tag = tag[:end]
		}
		if _, known := languages[tag]; !known {
			continue
		}
		if q := quality(params); q > weight {
			best, weight = tag, q
		}
	}
	return best
}

// quality reads "q=0.8"; what cannot be read counts as not wanted.
func quality(params string) float64 {
	value, named := strings.CutPrefix(strings.TrimSpace(params), "q=")
	if !named {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || q > 1 {
		return 0
	}
	return q
}
