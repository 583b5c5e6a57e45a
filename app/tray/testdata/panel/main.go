// Command panel runs a tray for the tests: in a process of its own, because the library
// can be run once in one. It reads a State a line from standard input ("refuse" lets
// what follows fail, "accept" ends that), and writes a line for each thing that the tray
// asks of the agent.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/app/tray"
)

type service struct {
	local.Service // what a tray never calls
	refuse        atomic.Bool
}

func (s *service) Events(_ context.Context, each func(local.Event) error) error {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "refuse", "accept":
			s.refuse.Store(in.Text() == "refuse")
			continue
		}
		var state local.State
		if err := json.Unmarshal(in.Bytes(), &state); err != nil {
			return err
		}
		if err := each(local.Event{State: &state}); err != nil {
			return err
		}
	}
	return io.ErrUnexpectedEOF
}

func (s *service) call(what ...any) error {
	refuse := s.refuse.Load()
	fmt.Println(what...)
	if refuse {
		return errors.New("refused")
	}
	return nil
}

func (s *service) Launch(_ context.Context, r local.LaunchRequest) (local.LaunchAnswer, error) {
	return local.LaunchAnswer{}, s.call("launch", r.App, "of", r.Profile, "in", r.Lang, r.Env)
}

func (s *service) SignIn(_ context.Context, r local.SignInRequest) (string, error) {
	return "", s.call("sign in", r.Profile, "open", r.Open, r.Env)
}

func (s *service) SignOut(_ context.Context, r local.SignOutRequest) error {
	return s.call("sign out", r.Profile, r.Everywhere)
}

func (s *service) Window(_ context.Context, name string, env local.Env) error {
	return s.call("window", name, env)
}

func (s *service) State(context.Context) (local.State, error) {
	return local.State{}, s.call("state")
}

func (s *service) Asked(_ context.Context, app, profile string) error {
	return s.call("asked", app, "of", profile)
}

func (s *service) Devices(_ context.Context, profile string, env local.Env) error {
	return s.call("devices of", profile, env)
}

func (s *service) Cancel(_ context.Context, id string) error  { return s.call("cancel", id) }
func (s *service) Select(_ context.Context, id string) error  { return s.call("select", id) }
func (s *service) Quit(_ context.Context, restart bool) error { return s.call("quit", restart) }

func main() {
	go desktop.KeepIcon(context.Background()) // as the program does, for panels that come late
	tray.Run(context.Background(), tray.Config{
		Service: &service{}, Lang: "en",
		Env: local.Env{"DISPLAY": ":7", "XDG_ACTIVATION_TOKEN": "used up"},
	})
}
