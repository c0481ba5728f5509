package clickhouse

import (
	"context"
	"crypto/rand"
)

// A server that was started again may have lost rows that it had acknowledged and that no other replica has.
// To notice that, however soon a start follows the last one, a process leaves a mark in the memory of each
// server: a row of a table that is empty after each start. Clocks are not compared.

// startsName is the table with the marks of all processes since the server was started.
const startsName = "starts"

const createStarts = "CREATE TABLE IF NOT EXISTS " + startsName + " (mark FixedString(16)) ENGINE = Memory"

// leaveMark leaves a new mark.
func (n *node) leaveMark(ctx context.Context) error {
	mark := new([16]byte)
	_, _ = rand.Read(mark[:]) // never fails
	row := newBlock("mark FixedString(16)")
	row.add(mark[:])
	if err := n.insert(ctx, startsName, row); err != nil {
		return err
	}
	n.mark.Store(mark)
	return nil
}

// hasMark reports whether the server was not started again since the last mark was left.
func (n *node) hasMark(ctx context.Context) (has bool, err error) {
	mark := n.mark.Load()
	if mark == nil {
		return false, nil
	}
	err = n.query(ctx, "SELECT count() FROM "+startsName+" WHERE mark = "+literal(mark[:]), func(a *answer) error {
		for i := range a.rows {
			has = has || a.numbers[0][i] > 0
		}
		return nil
	})
	return has, err
}

// checkStart renews the current replica if it was started again: it may have lost rows that no other
// replica has.
func (s *shard) checkStart(ctx context.Context) error {
	n, _ := s.use()
	has, err := n.hasMark(ctx)
	if err != nil || has {
		return err
	}
	if err := n.leaveMark(ctx); err != nil {
		return err
	}
	s.renew(n) // rows that are sent after this are younger than the mark
	return nil
}
