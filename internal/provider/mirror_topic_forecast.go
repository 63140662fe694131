package provider

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// warnOfDestroy tells a reviewer what destroying a mirror topic will do, and
// whether it can. It never fails the plan, which would lock the user in.
func (r *mirrorTopicResource) warnOfDestroy(ctx context.Context, state mirrorTopicModel, diags *diag.Diagnostics) {
	name := state.MirrorTopicName.ValueString()
	switch state.OnDestroy.ValueString() {
	case onDestroyKeep:
	case onDestroyDeleteTopic:
		diags.AddWarning("Topic will be deleted", fmt.Sprintf("Destroying %q deletes the topic with all its records, as on_destroy = %q says.", name, onDestroyDeleteTopic))
	case onDestroyFailover:
		r.warnOfStop(ctx, kafkarest.Failover, state, diags)
	default:
		r.warnOfStop(ctx, kafkarest.Promote, state, diags)
	}
}

// warnOfStop tells what promoting or failing over a mirror topic would cost,
// and that it cannot work where the server would refuse it.
func (r *mirrorTopicResource) warnOfStop(ctx context.Context, verb kafkarest.Verb, state mirrorTopicModel, diags *diag.Diagnostics) {
	if !r.endpoints.planValidation || isStopped(state.State.ValueString()) {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	e, err := r.endpoints.at(bounded, state.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		return // applying will say so
	}
	forecasts, err := e.stopForecasts(ctx, state.LinkName.ValueString())
	forecast, found := forecasts[state.MirrorTopicName.ValueString()]
	if err != nil && !found {
		diags.AddWarning("Lag of mirror topics not seen", "What promoting would cost could not be seen while planning: "+explain(e, err))
		return
	}
	name := state.MirrorTopicName.ValueString()
	switch {
	case !found || forecast.status == kafkarest.StatusStopped:
	case verb == kafkarest.Failover && forecast.lag > 0:
		diags.AddWarning("Failing over leaves records behind", fmt.Sprintf(
			"The mirror topic %q is %s records behind its source. Failing over does not wait for them: they stay on the source only.", name, thousands(forecast.lag)))
	case verb == kafkarest.Failover:
	case forecast.refusal != "":
		diags.AddWarning("Promoting will be refused", fmt.Sprintf(
			"The server would refuse to promote the mirror topic %q (%s): %s\n\n%s", name, forecast.status, sentence(forecast.refusal), promoteWayOut))
	case forecast.lag > 0:
		diags.AddWarning("Mirror topic is behind its source", fmt.Sprintf(
			"The mirror topic %q is %s records behind its source. Promoting waits until they have arrived, as long as timeouts allow; stop the producers of the source first.", name, thousands(forecast.lag)))
	}
}

// thousands writes a number as 12,345.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}
