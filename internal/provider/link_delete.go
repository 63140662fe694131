package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var errStillThere = errors.New("the link is still there")

// deleteLink deletes a link and waits until it is gone.
func deleteLink(ctx context.Context, e *endpoint, name string, force bool) error {
	started := time.Now()
	// A server may not have noticed yet that the last mirror topic has stopped.
	passing := func(err error) bool { return isRefusal(err) && time.Since(started) < visibilityWindow }
	if err := pollWhile(ctx, passing, func() error { return tryToDelete(ctx, e, name, force) }); err != nil {
		return err
	}
	return pollWhile(ctx, func(err error) bool { return errors.Is(err, errStillThere) || isNotReady(err) }, func() error {
		switch _, err := e.linkNow(ctx, name); {
		case err == nil:
			return errStillThere
		case errors.Is(err, kafkarest.ErrNotFound):
			return nil
		default:
			return err
		}
	})
}

// tryToDelete deletes a link, or names the mirror topics that stand against it.
func tryToDelete(ctx context.Context, e *endpoint, name string, force bool) error {
	err := e.deleteLink(ctx, name, force)
	if err == nil || errors.Is(err, kafkarest.ErrNotFound) {
		return nil
	}
	if !isRefusal(err) {
		return err
	}
	mirrors, lookErr := mirroring(ctx, e, name)
	if lookErr != nil || len(mirrors) == 0 {
		return err
	}
	// No longer a refusal that may pass, or be about rights.
	return fmt.Errorf("%v\n\nThe link still has mirror topics: %s. Destroy them first, which promotes them; or let them be "+
		"destroyed before the link by depends_on; or set force_destroy = true and apply that, to delete the link all the same, which stops its mirror topics where they are",
		err, strings.Join(mirrors, ", "))
}

// isRefusal reports whether the server may have refused to delete a link
// because of its mirror topics: servers say so with 403, 400 or 409.
func isRefusal(err error) bool {
	var refusal *kafkarest.Error
	return errors.As(err, &refusal) && slices.Contains([]int{400, 403, 409}, refusal.Status)
}

// mirroring names the mirror topics of a link that are not stopped.
func mirroring(ctx context.Context, e *endpoint, link string) ([]string, error) {
	mirrors, err := e.client.Mirrors(ctx, link, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range mirrors {
		if m.Status != kafkarest.StatusStopped {
			names = append(names, fmt.Sprintf("%q (%s)", m.Name, m.Status))
		}
	}
	slices.Sort(names)
	return names, nil
}
