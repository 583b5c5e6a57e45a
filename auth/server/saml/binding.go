package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxQuery and maxBody bound a request as it comes: base64 of at most messageBounds.
	maxQuery = 24 << 10
	maxBody  = 128 << 10
	// maxRelayState is more than the standard's 80 bytes: many service providers put a
	// whole address there.
	maxRelayState = 1 << 10
)

// requestParam is the parameter that carries a request.
const requestParam = "SAMLRequest"

// incoming is a message as a binding brought it.
type incoming struct {
	xml        []byte
	relayState string
	redirect   bool
	// Of a redirect: what is signed, and how.
	signed               []byte
	algorithm, signature string
}

// receive takes a SAML request out of one by HTTP, by either binding. What it cannot read
// is a refusal.
func receive(w http.ResponseWriter, r *http.Request) (in incoming, err error) {
	if r.Method == http.MethodPost {
		in, err = receivePost(w, r)
	} else {
		in, err = receiveRedirect(r.URL.RawQuery)
	}
	if err == nil && len(in.relayState) > maxRelayState {
		err = fmt.Errorf("RelayState has %d bytes", len(in.relayState))
	}
	if err != nil {
		return incoming{}, &refusal{"unreadable", err}
	}
	return in, nil
}

// receivePost reads the HTTP-POST binding (bindings, section 3.5.4).
func receivePost(w http.ResponseWriter, r *http.Request) (incoming, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return incoming{}, fmt.Errorf("read form: %w", err)
	}
	for _, n := range []string{requestParam, "RelayState"} {
		if len(r.PostForm[n]) > 1 {
			return incoming{}, fmt.Errorf("read form: %s is there more than once", n)
		}
	}
	message := strings.Map(func(c rune) rune {
		if c == ' ' || c == '\r' || c == '\n' || c == '\t' {
			return -1
		}
		return c
	}, r.PostForm.Get(requestParam))
	data, err := base64.StdEncoding.DecodeString(message)
	if err != nil || len(data) == 0 {
		return incoming{}, fmt.Errorf("read form: %s is not base64", requestParam)
	}
	return incoming{xml: data, relayState: r.PostForm.Get("RelayState")}, nil
}

// receiveRedirect reads the HTTP-Redirect binding (bindings, section 3.4.4).
func receiveRedirect(query string) (incoming, error) {
	if len(query) > maxQuery {
		return incoming{}, errors.New("read query: too long")
	}
	raw := map[string]string{}
	for _, part := range strings.Split(query, "&") {
		n, value, _ := strings.Cut(part, "=")
		switch n {
		case requestParam, "RelayState", "SigAlg", "Signature", "SAMLEncoding":
			if _, twice := raw[n]; twice {
				return incoming{}, fmt.Errorf("read query: %s is there more than once", n)
			}
			raw[n] = value
		}
	}
	values := map[string]string{}
	for n, value := range raw {
		plain, err := url.QueryUnescape(value)
		if err != nil {
			return incoming{}, fmt.Errorf("read query: %s: %w", n, err)
		}
		values[n] = plain
	}
	if e := values["SAMLEncoding"]; e != "" && e != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE" {
		return incoming{}, errors.New("read query: unknown SAMLEncoding")
	}
	packed, err := base64.StdEncoding.DecodeString(values[requestParam])
	if err != nil || len(packed) == 0 {
		return incoming{}, fmt.Errorf("read query: %s is not base64", requestParam)
	}
	in := incoming{
		relayState: values["RelayState"], redirect: true,
		algorithm: values["SigAlg"], signature: values["Signature"],
	}
	if in.xml, err = inflate(packed); err != nil {
		return incoming{}, fmt.Errorf("read query: %w", err)
	}
	signed := requestParam + "=" + raw[requestParam]
	if relay, there := raw["RelayState"]; there {
		signed += "&RelayState=" + relay
	}
	in.signed = []byte(signed + "&SigAlg=" + raw["SigAlg"])
	return in, nil
}

// inflate unpacks no more than a message may have.
func inflate(packed []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, int64(messageBounds.bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if len(data) > messageBounds.bytes {
		return nil, errors.New("inflate: too long")
	}
	return data, nil
}
