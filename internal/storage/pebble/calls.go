package pebble

import (
	"errors"
	"sync"
)

// errClosed: the store was closed. The engine itself would panic.
var errClosed = errors.New("the store is closed")

// calls counts the calls in progress, so that Close can wait for them.
type calls struct {
	mu     sync.Mutex
	idle   sync.Cond
	n      int
	closed bool
}

func newCalls() *calls {
	c := &calls{}
	c.idle.L = &c.mu
	return c
}

// run runs f, unless the store is closed, and wraps an error with the operation.
func (c *calls) run(operation string, f func() error) error {
	err := c.begin()
	if err == nil {
		defer c.end()
		err = f()
	}
	if err != nil {
		return failed(operation, err)
	}
	return nil
}

// answer is calls.run for a function that returns a value; after an error, the zero
// value.
func answer[T any](c *calls, operation string, f func() (T, error)) (value T, err error) {
	err = c.run(operation, func() (err error) {
		value, err = f()
		return err
	})
	if err != nil {
		value = *new(T)
	}
	return value, err
}

func (c *calls) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	c.n++
	return nil
}

func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 {
		c.idle.Broadcast()
	}
}

// close refuses further calls, and waits for those in progress. It returns false
// if it was called before.
func (c *calls) close() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.closed
	c.closed = true
	for c.n > 0 {
		c.idle.Wait()
	}
	return first
}
