package setup

import "fmt"

// checkNamed finds what is not where the file says: secrets and pictures.
func (f *File) checkNamed(bad *faults) {
	f.checkConnectorNamed(bad)
	if _, err := f.logo(); err != nil {
		bad.add("logo", "%v", err)
	}
	for i, a := range f.Apps {
		at := fmt.Sprintf("apps.%d", i)
		f.checkSecrets(at+".secrets", a.Secrets, bad)
		if _, _, err := f.picture(a.Icon); err != nil {
			bad.add(at+".icon", "%v", err)
		}
	}
	for i, c := range f.Clients {
		f.checkSecrets(fmt.Sprintf("clients.%d", i), map[string]string{"secret": c.Secret}, bad)
	}
}

// checkConnectorNamed is checkNamed for the connector alone.
func (f *File) checkConnectorNamed(bad *faults) {
	f.checkSecrets("connector.secrets", f.Connector.Secrets, bad)
}

// checkSecrets finds which secrets cannot be read; they stand at a path of the file.
func (f *File) checkSecrets(at string, wheres map[string]string, bad *faults) {
	for _, name := range sortedKeys(wheres) {
		if wheres[name] == "" {
			continue // it stays what it is, or what needs it says so
		}
		if _, err := f.secret(wheres[name]); err != nil {
			bad.add(at+"."+name, "%v", err)
		}
	}
}
