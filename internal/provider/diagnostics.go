package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// explain is the detail of a diagnostic: what happened, and what to do next
// where that can be told from the kind of error.
func explain(e *endpoint, err error) string {
	text := sentence(err.Error())
	if hint := hint(e, err); hint != "" {
		text += "\n\n" + hint
	}
	return text
}

func hint(e *endpoint, err error) string {
	at := "the provider"
	if e != nil {
		at = fmt.Sprintf("endpoints[%q] in the provider", e.name)
	}
	switch {
	case errors.Is(err, errUnknown):
		return "What exists already can only be read once that value is known. Apply what it comes from first, with -target, or set it by a variable."
	case errors.Is(err, kafkarest.ErrLinkRefused):
		return "The REST endpoint took its own credential. It is the link's: check the security settings of the link (security.protocol, sasl.mechanism, sasl.jaas.config) " +
			"and what that user may do on the remote cluster."
	case errors.Is(err, kafkarest.ErrUnauthorized):
		return fmt.Sprintf("The REST API refused the credential of %s: %s, there or in the environment. The link's own credential is not meant.", at, e.checkLogin())
	case errors.Is(err, kafkarest.ErrForbidden):
		return fmt.Sprintf("The user of %s may not do this: it needs rights to alter and describe the cluster, and its topics.", at)
	case errors.Is(err, context.DeadlineExceeded):
		return "It took longer than the resource's timeouts allow."
	case e != nil && kafkarest.IsUnanswered(err) && !errors.Is(err, context.Canceled):
		return fmt.Sprintf("This is about %s, whose rest_endpoint is %s.", at, e.address)
	default:
		return ""
	}
}

// checkLogin says what to do about a credential that was refused. The endpoint
// may be nil.
func (e *endpoint) checkLogin() string {
	switch {
	case e == nil:
		return "check username and password, or token"
	case e.login == loginToken:
		return "its token is wrong or has expired; set a new one"
	case e.login == loginBasic:
		return "check username and password"
	default:
		return "it has none; set username and password, or token"
	}
}

// sentence ends a text as a sentence does.
func sentence(text string) string {
	if text == "" || text[len(text)-1] == '.' || text[len(text)-1] == '!' || text[len(text)-1] == '?' {
		return text
	}
	return text + "."
}

// destroyEscape goes with every error that only a plan makes: terraform destroy
// plans the configuration first, and a provider cannot tell.
const destroyEscape = "If this stands in the way of terraform destroy, use -refresh=false"

// addPlanError adds an error of what plan_validation looks at.
func addPlanError(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	diags.AddAttributeError(at, summary, detail+"\n\n"+destroyEscape+", or set "+envPlanValidation+"=false.")
}

// addEndpointPlanError adds an error of what a plan cannot do without. There is
// something to destroy only where the object exists.
func addEndpointPlanError(diags *diag.Diagnostics, summary, detail string, exists bool) {
	if exists {
		detail += "\n\n" + destroyEscape + "."
	}
	diags.AddAttributeError(path.Root("endpoint"), summary, detail)
}

// addEndpointError tells why an endpoint cannot be used. Where a value of the
// provider is missing, no attribute of the resource is at fault.
func addEndpointError(diags *diag.Diagnostics, e *endpoint, err error) {
	const summary = "Unable to use endpoint"
	if errors.Is(err, errUnknown) {
		diags.AddError(summary, explain(e, err))
		return
	}
	diags.AddAttributeError(path.Root("endpoint"), summary, explain(e, err))
}

// importBlock is what a user pastes to adopt an object that exists.
func importBlock(resourceType, id string) string {
	return fmt.Sprintf("import {\n  to = %s.<name>\n  id = %q\n}", resourceType, id)
}
