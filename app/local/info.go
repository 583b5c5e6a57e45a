package local

import "errors"

// Info says where an agent listens. It lies as agent.json in the state folder.
type Info struct {
	PID     int    `json:"pid"`
	Address string `json:"address"`
	Version string `json:"version"`
}

// WriteInfo writes agent.json into dir, readable by its owner alone.
func WriteInfo(dir string, info Info) error { return errors.New("write agent.json: not built") }

// ReadInfo reads agent.json in dir; fault AgentMissing where there is none.
func ReadInfo(dir string) (Info, error) {
	return Info{}, errors.New("read agent.json: not built")
}

// RemoveInfo removes agent.json from dir if it is still info's.
func RemoveInfo(dir string, info Info) error { return errors.New("remove agent.json: not built") }
