package v3

import "context"

// At returns an API whose answers about clicks are all of the counts as they are now, until
// close is called. So several answers agree with each other, while clicks go on being
// counted. It must not be closed itself.
func (a *API) At(ctx context.Context) (at *API, close func() error, err error) {
	b := *a
	if b.Clicks, close, err = a.Clicks.At(ctx); err != nil {
		return nil, nil, err
	}
	b.methods = b.methodTable()
	return &b, close, nil
}
