package v3

// What footfall does not do, and truthfully says so: it shares no links, and
// nobody can register a tracking domain.

// userShareCounts is user/share_counts.
func (a *API) userShareCounts(c *call) (any, error) {
	c.user()
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	return c.about(w, field{"share_counts", 0}, field{"share_metrics", 0}), nil
}

// userShareCountsByShareType is user/share_counts_by_share_type.
func (a *API) userShareCountsByShareType(c *call) (any, error) {
	c.user()
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	return c.about(w, field{"share_counts_by_share_type", emptyList}), nil
}

// linkShares is link/shares.
func (a *API) linkShares(c *call) (any, error) {
	user := c.user()
	written := c.required("link")
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	_, err := c.find(user, written)
	return c.about(w, field{"shares", emptyList}, field{"total_shares", 0}), err
}

// userTrackingDomainList is user/tracking_domain_list.
func (a *API) userTrackingDomainList(c *call) (any, error) {
	c.user()
	return object{{"tracking_domains", emptyList}}, c.end(false)
}

// userTrackingDomain is user/tracking_domain_clicks and
// user/tracking_domain_shorten_counts.
func (a *API) userTrackingDomain(c *call) (any, error) {
	c.user()
	c.required("domain")
	c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	return nil, status{500, "TRACKING_DOMAIN_NOT_REGISTERED"}
}
