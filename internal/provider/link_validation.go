package provider

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// validateCreation asks the server whether it would create the link, once all
// that is to be sent is known.
func (r *linkResource) validateCreation(ctx context.Context, config, plan linkModel, diags *diag.Diagnostics) {
	e, err := r.endpoints.pick(plan.Endpoint)
	if !r.endpoints.planValidation || err != nil || e.ready() != nil || !config.isWhollyKnown() || !known(plan.LinkName) {
		return
	}
	if plan.isOutboundHalf() && !r.otherHalfExists(ctx, plan) {
		return
	}
	config.LinkName, config.ValidateLink = plan.LinkName, plan.ValidateLink
	link := config.newLink(config.SensitiveConfigWO)
	r.judge(ctx, e, &config, link, diags, func(ctx context.Context) error { return e.client.CreateLink(ctx, link, true) })
}

// validateUpdate asks the server whether it would take the changes of settings.
func (r *linkResource) validateUpdate(ctx context.Context, config, plan, state linkModel, former writeOnlyNames, diags *diag.Diagnostics) {
	e, err := r.endpoints.pick(plan.Endpoint)
	if !r.endpoints.planValidation || err != nil || e.ready() != nil || !config.isWhollyKnown() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	changes := e.changesToSend(ctx, state, plan, former, config.SensitiveConfigWO)
	if len(changes) == 0 {
		return
	}
	r.judge(ctx, e, &config, changes, diags, func(ctx context.Context) error {
		return e.client.AlterLinkSettings(ctx, plan.LinkName.ValueString(), changes, true)
	})
}

// isWhollyKnown reports whether nothing that a server would be sent is missing.
func (m *linkModel) isWhollyKnown() bool {
	for _, in := range m.settingMaps() {
		if in.settings.IsUnknown() {
			return false
		}
		for _, v := range in.settings.Elements() {
			if v.IsUnknown() {
				return false
			}
		}
	}
	return !m.LinkMode.IsUnknown() && !m.ConnectionMode.IsUnknown() && !m.RemoteClusterID.IsUnknown()
}

// isOutboundHalf reports whether the link is the dialling half of a pair, which
// cannot work before the other half exists.
func (m *linkModel) isOutboundHalf() bool {
	mode := m.LinkMode.ValueString()
	return (mode == modeSource || mode == modeBidirectional) && m.ConnectionMode.ValueString() != connectionInbound
}

// otherHalfExists looks at the remote cluster where it is one of the
// provider's. Where it is not, nothing can be said.
func (r *linkResource) otherHalfExists(ctx context.Context, m linkModel) bool {
	for _, e := range r.endpoints.sorted() {
		if e.clusterID != "" && e.clusterID == m.RemoteClusterID.ValueString() && e.ready() == nil {
			return e.lookups.reads.ask(ctx, func(ctx context.Context) error {
				_, err := e.link(ctx, m.LinkName.ValueString())
				return err
			}) == nil
		}
	}
	return false
}

// accepted remembers what servers would take, by a digest of what was asked, so
// that a process which plans the same twice asks once. Where Terraform runs plan
// and apply in a process each, nothing can be handed from one to the other.
var accepted sync.Map // [sha256.Size]byte → time.Time

const acceptedFor = time.Minute

// judge puts a question to a server and turns what it refuses into errors of
// the plan.
func (r *linkResource) judge(ctx context.Context, e *endpoint, config *linkModel, question any, diags *diag.Diagnostics, ask func(context.Context) error) {
	text, err := json.Marshal([]any{e.address, config.LinkName.ValueString(), config.ValidateLink.ValueBool(), question})
	if err != nil {
		return
	}
	digest := sha256.Sum256(text)
	if at, ok := accepted.Load(digest); ok && time.Since(at.(time.Time)) < acceptedFor {
		return
	}
	switch err := e.lookups.validations.ask(ctx, ask); {
	case err == nil:
		accepted.Store(digest, time.Now())
	case cannotTell(err):
	case !wasAnswered(err):
		diags.AddWarning("Link not validated", fmt.Sprintf("Whether the server would take the link %q could not be asked while planning, so apply may fail: %s",
			config.LinkName.ValueString(), explain(e, err)))
	default:
		addPlanError(diags, config.attributeAtFault(err), "Link refused by the server", fmt.Sprintf("The server would not take the link %q as it is planned: %s",
			config.LinkName.ValueString(), explain(e, err)))
	}
}

// cannotTell reports whether a refusal says nothing of the plan: the link that
// exists may be about to be replaced, the other half of a pair or the remote
// cluster may be created by the same apply, or the server cannot validate.
func cannotTell(err error) bool {
	var refusal *kafkarest.Error // only what the server says: the request has the word, too
	return errors.Is(err, kafkarest.ErrExists) || errors.Is(err, kafkarest.ErrNotReady) || errors.Is(err, kafkarest.ErrNotFound) ||
		errors.Is(err, kafkarest.ErrUnsupported) || errors.As(err, &refusal) && strings.Contains(refusal.Message, "validate_only")
}

// wasAnswered reports whether err is the server's own judgement, not trouble on the way.
func wasAnswered(err error) bool {
	var e *kafkarest.Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout
}

// attributeAtFault finds the setting that the server's words name.
func (m *linkModel) attributeAtFault(err error) path.Path {
	words := kafkarest.ServerWords(err)
	longest := ""
	for _, in := range m.settingMaps() {
		for name := range values(in.settings) {
			if len(name) > len(longest) && strings.Contains(words, name) {
				longest = name
			}
		}
	}
	lower := strings.ToLower(words)
	switch {
	case longest != "":
		return m.placeOf(longest)
	case errors.Is(err, kafkarest.ErrUnauthorized), errors.Is(err, kafkarest.ErrForbidden):
		return path.Root("endpoint")
	case errors.Is(err, kafkarest.ErrLinkRefused):
		return m.placeOfCredential(lower)
	case known(m.RemoteClusterID) && strings.Contains(words, m.RemoteClusterID.ValueString()), strings.Contains(lower, "cluster id"):
		return path.Root("remote_cluster_id")
	case strings.Contains(lower, "link name"):
		return path.Root("link_name")
	default:
		return m.placeOf(bootstrapSetting)
	}
}

// placeOfCredential finds what the remote cluster refused: the link's login or,
// where TLS failed, its certificate, unless it is the link that did not trust.
func (m *linkModel) placeOfCredential(words string) path.Path {
	candidates := []string{jaasSetting, "ssl.keystore.certificate.chain"}
	if strings.Contains(words, "handshake") {
		candidates = []string{"ssl.truststore.certificates"}
		if strings.Contains(words, "fatal alert") || strings.Contains(words, "remote error") { // it came from the other side
			candidates = []string{"ssl.keystore.certificate.chain", "security.protocol"}
		}
	}
	for _, name := range candidates {
		at := m.placeOf(name)
		switch {
		case at.Equal(path.Root("config")):
		case m.placeOf("local." + name).Equal(path.Root("config")):
			return at
		default: // the server does not say which of the two
			return at.ParentPath()
		}
	}
	return path.Root("config")
}
