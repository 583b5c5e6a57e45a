package local

import (
	"context"
	"errors"
	"log/slog"
	"net"
)

// Server answers the local API by asking a [Service].
type Server struct {
	Service Service
	// Explain words an error for people; lang is the caller's Accept-Language as it
	// came. Nil gives a Problem with its fault alone.
	Explain func(err error, lang string) *Problem
	Logger  *slog.Logger // nil discards
}

// Serve answers on l until ctx ends, lets running requests finish, and closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return errors.New("serve local api: not built")
}
