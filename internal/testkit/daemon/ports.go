package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
)

// Ports from firstPort on are below those that the kernel gives to connections and to
// listeners on port 0, so the port of a server that is down for a while stays free.
const (
	firstPort = 20_000
	lastPort  = 32_000
	blockSize = 64
)

// Ports is a block of port numbers on 127.0.0.1 that no other process reserves.
type Ports struct {
	lock net.Listener // on the first port of the block
	next int
	end  int
}

// ReservePorts reserves the block that a file names. If there is no such file, it chooses
// a block and writes the file. So a data directory keeps its ports.
func ReservePorts(file string) (*Ports, error) {
	if text, err := os.ReadFile(file); err == nil {
		first, err := strconv.Atoi(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return reserveBlock(first)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	const blocks = (lastPort - firstPort) / blockSize
	for i := range blocks {
		first := firstPort + (os.Getpid()+i)%blocks*blockSize
		p, err := reserveBlock(first)
		if err != nil {
			continue
		}
		if err := os.WriteFile(file, []byte(strconv.Itoa(first)), 0o600); err != nil {
			p.Release()
			return nil, err
		}
		return p, nil
	}
	return nil, fmt.Errorf("no block of %d free ports between %d and %d", blockSize, firstPort, lastPort)
}

func reserveBlock(first int) (*Ports, error) {
	lock, err := net.Listen("tcp", Address(first))
	if err != nil {
		return nil, err
	}
	p := &Ports{lock: lock, next: first + 1, end: first + blockSize}
	for port := p.next; port < p.end; port++ {
		l, err := net.Listen("tcp", Address(port))
		if err != nil {
			p.Release()
			return nil, err
		}
		_ = l.Close() // it accepted nothing
	}
	return p, nil
}

// Take returns a port that it has not returned before.
func (p *Ports) Take() int {
	if p.next == p.end {
		panic("daemon: more ports are needed than blockSize")
	}
	p.next++
	return p.next - 1
}

// Release lets others reserve the block.
func (p *Ports) Release() { _ = p.lock.Close() } // it accepted nothing

// Address returns the address of a port, as host:port.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
