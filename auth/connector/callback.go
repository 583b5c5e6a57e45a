package connector

import (
	"net/url"

	"lanyard/auth"
)

// CallbackResult is what the browser brought back.
type CallbackResult struct {
	Code             auth.Secret
	State            string
	Error, ErrorText string
}

// ReadCallback reads the callback's query by the connector's names.
func (c *Connector) ReadCallback(q url.Values) CallbackResult { return CallbackResult{} }
