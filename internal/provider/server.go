package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns the constructor of the plugin protocol's server.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		framework := providerserver.NewProtocol6(New(version)())()
		return &server{framework.(frameworkServer)}
	}
}

type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server is the framework's server for calls that come once for each resource.
// The framework (as of v1.19) keeps the context of every call until Terraform
// stops it, to cancel them all, and a call's context holds 13 kB of loggers: a
// plan of 10,000 mirror topics would take 1.5 GB. What it is given to keep here
// is empty once the call is over.
type server struct {
	frameworkServer
}

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return within(ctx, req, s.frameworkServer.ValidateResourceConfig)
}

func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return within(ctx, req, s.frameworkServer.UpgradeResourceState)
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return within(ctx, req, s.frameworkServer.UpgradeResourceIdentity)
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return within(ctx, req, s.frameworkServer.ReadResource)
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return within(ctx, req, s.frameworkServer.PlanResourceChange)
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return within(ctx, req, s.frameworkServer.ApplyResourceChange)
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return within(ctx, req, s.frameworkServer.ImportResourceState)
}

func (s *server) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return within(ctx, req, s.frameworkServer.MoveResourceState)
}

// within makes a call with a context that is empty afterwards.
func within[Q, R any](ctx context.Context, req Q, call func(context.Context, Q) (R, error)) (R, error) {
	c := &callContext{}
	c.during.Store(&ctx)
	defer c.during.Store(nil) //nolint:contextcheck // it is ctx as long as the call goes on
	return call(c, req)       //nolint:contextcheck // the same
}

// callContext is another context while its call goes on, and one that was
// cancelled afterwards.
type callContext struct {
	during atomic.Pointer[context.Context]
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (c *callContext) Deadline() (deadline time.Time, ok bool) {
	if ctx := c.during.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

func (c *callContext) Done() <-chan struct{} {
	if ctx := c.during.Load(); ctx != nil {
		return (*ctx).Done()
	}
	return closed
}

func (c *callContext) Err() error {
	if ctx := c.during.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

func (c *callContext) Value(key any) any {
	if ctx := c.during.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}
