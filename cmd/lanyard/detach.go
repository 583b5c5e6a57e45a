package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"lanyard/auth"
)

// startAgent starts this program again as an agent that outlives it: in a session of
// its own, without our streams. Its icon is where the person goes on from there.
func (p *program) startAgent(ctx context.Context) error { return p.startAgentWith(ctx, true) }

func (p *program) startAgentWith(ctx context.Context, tray bool) error {
	if paths, err := p.paths(); err == nil {
		// An agent that finds no room ends at once, and nobody hears why.
		if err := haveRoom(paths.State); err != nil {
			return fmt.Errorf("start agent: %w", err)
		}
	}
	self, err := executable()
	if err != nil {
		return fmt.Errorf("start agent: %w", err)
	}
	args := []string{"agent"}
	if !tray {
		args = append(args, "--no-tray")
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, args...) //nolint:gosec // ourselves
	cmd.SysProcAttr = detached()
	cmd.Dir = filepath.VolumeName(self) + string(filepath.Separator) // keeps no folder in use
	if home := p.getenv("LANYARD_HOME"); home != "" {                // which may be relative to ours
		if home, err = filepath.Abs(home); err != nil {
			return fmt.Errorf("start agent: %w", err)
		}
		cmd.Env = append(os.Environ(), "LANYARD_HOME="+home)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start agent: %w", err)
	}
	return cmd.Process.Release()
}

// haveRoom returns the system's error where a folder's disk is full. Other troubles with the
// folder are the agent's to tell.
func haveRoom(dir string) error {
	f, err := os.CreateTemp(dir, "room-*")
	if err == nil {
		_, err = f.Write(make([]byte, 4096)) // agent.json takes one block
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	if fault, _ := auth.FaultOf(err); fault == auth.DiskFull {
		return err
	}
	return nil
}

// executable is this program's own file, without links, so that it is still found
// when a link to it is moved.
func executable() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	self, err = filepath.EvalSymlinks(self)
	if err != nil {
		return "", err
	}
	return windowless(self), nil
}
