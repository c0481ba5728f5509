package v3

import "github.com/footfall/footfall/internal/faces/envelope"

// Methods for features that footfall does not have. It shares no links, and has no
// tracking domains or applications.

// shares is the number of times that a link was shared in one way.
type shares struct {
	Type   string `json:"share_type"`
	Shares uint64 `json:"shares"`
}

func (e shares) row() object { return object{{"share_type", e.Type}, {"shares", e.Shares}} }

var noShares = []shares{}

// userShareCounts is user/share_counts.
func (a *API) userShareCounts(c *call) (any, error) {
	c.authUser()
	w := c.window()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	counts := object{{"share_counts", 0}, {"share_metrics", 0}}
	return c.withRow(counts, c.about(w, counts...)), nil
}

// userShareCountsByShareType is user/share_counts_by_share_type.
func (a *API) userShareCountsByShareType(c *call) (any, error) {
	c.authUser()
	w := c.window()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	return withList(c, w.Zone, noShares, c.about(w, field{"share_counts_by_share_type", noShares})), nil
}

// linkShares is link/shares.
func (a *API) linkShares(c *call) (any, error) {
	user := c.authUser()
	written := c.required("link")
	w := c.window()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	_, err := c.find(user, written)
	return withList(c, w.Zone, noShares, c.about(w, field{"shares", noShares}, field{"total_shares", 0})), err
}

// userTrackingDomainList is user/tracking_domain_list.
func (a *API) userTrackingDomainList(c *call) (any, error) {
	c.authUser()
	return tableData{object{{"tracking_domains", emptyList}}, c.newTable(nil, object{{"tracking_domain", nil}})}, c.endParams()
}

// userTrackingDomain is user/tracking_domain_clicks and
// user/tracking_domain_shorten_counts.
func (a *API) userTrackingDomain(c *call) (any, error) {
	c.authUser()
	c.required("domain")
	c.window()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	return nil, status{Code: 500, Text: "TRACKING_DOMAIN_NOT_REGISTERED"}
}

// oauthApp is oauth/app.
func (a *API) oauthApp(c *call) (any, error) {
	c.authUser()
	c.required("client_id")
	if err := c.endParams(); err != nil {
		return nil, err
	}
	return nil, envelope.NotFound
}
