package agent

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// samePerson reports why the process at the other end of a loopback connection is not
// this user's. remote is that end's address, port ours. Linux lists every TCP socket
// with the user who owns it (proc(5), /proc/net/tcp); a browser may also use an IPv6
// socket for an IPv4 address, which is listed in tcp6.
func samePerson(remote string, port int) error {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return fmt.Errorf("check peer: %w", err)
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		uid, err := socketOwner(table, peer, port)
		if errors.Is(err, errNoSocket) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("check peer: %w", err)
		}
		if uid != os.Getuid() {
			return fmt.Errorf("check peer: the connection belongs to user %d", uid)
		}
		return nil
	}
	return fmt.Errorf("check peer: %w", errNoSocket)
}

var errNoSocket = errors.New("no such socket")

// socketOwner finds the socket from peer to our port in a table and returns its owner.
func socketOwner(table string, peer netip.AddrPort, port int) (int, error) {
	f, err := os.Open(table) //nolint:gosec // one of two fixed names
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid …
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 {
			continue
		}
		from, ok := tableAddress(fields[1])
		if !ok || from != peer {
			continue
		}
		if to, ok := tableAddress(fields[2]); !ok || int(to.Port()) != port {
			continue
		}
		return strconv.Atoi(fields[7])
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, errNoSocket
}

// tableAddress reads "0100007F:1F90": the address in words of the machine's byte
// order, and the port.
func tableAddress(s string) (netip.AddrPort, bool) {
	host, service, ok := strings.Cut(s, ":")
	if !ok {
		return netip.AddrPort{}, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(service, 16, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), err == nil
}
