// Package browser has tests alone: the pages of footfall in a real Chromium, against the real
// program. They are a module of their own, so that footfall does not depend on what they need.
//
//	npm ci && go test ./...            # runs them; it needs chromium
//	go test -run TestPictures -pictures ../../../../../docs/pictures   # makes the pictures of docs
package browser
