package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lanyard/auth"
)

// infoName is the file that tells where the agent listens; maxInfo bounds it.
const (
	infoName = "agent.json"
	maxInfo  = 4 << 10
)

// Info says where an agent listens. It lies as agent.json in the state folder.
type Info struct {
	PID     int    `json:"pid"`
	Address string `json:"address"`
	Version string `json:"version"`
}

// WriteInfo writes agent.json into dir, readable by its owner alone. A reader sees
// the old file or the new one, never a part.
func WriteInfo(dir string, info Info) error {
	data, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("encode agent.json: %w", err)
	}
	tmp, err := os.CreateTemp(dir, infoName+".*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write agent.json: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, infoName))
	}
	if err != nil {
		return fmt.Errorf("write agent.json: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// ReadInfo reads agent.json in dir; fault AgentMissing where there is none.
func ReadInfo(dir string) (Info, error) {
	f, err := os.Open(filepath.Join(dir, infoName)) // #nosec G304 -- the user's own state folder
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, auth.Fail(auth.AgentMissing, nil, nil)
	}
	if err != nil {
		return Info{}, fmt.Errorf("read agent.json: %w", err)
	}
	defer f.Close()
	var info Info
	if err := json.NewDecoder(io.LimitReader(f, maxInfo)).Decode(&info); err != nil {
		return Info{}, auth.Fail(auth.AgentMissing, nil, fmt.Errorf("read agent.json: %w", err))
	}
	return info, nil
}

// RemoveInfo removes agent.json from dir if it is still info's: an agent that was
// restarted has written its own meanwhile.
func RemoveInfo(dir string, info Info) error {
	now, err := ReadInfo(dir)
	if err != nil || now != info {
		return nil //nolint:nilerr // nothing of ours is there any more
	}
	if err := os.Remove(filepath.Join(dir, infoName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove agent.json: %w", err)
	}
	return nil
}
