package provider

import "testing"

// guideFile is the clusterlink.config of the vendor's guide, with what Java
// properties can hold besides.
const guideFile = `# comment
! comment too
bootstrap.servers=source.example.com:9092,\
    source-2.example.com:9092
security.protocol: SASL_SSL
sasl.mechanism PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='user' password='a=b c';
ssl.truststore.type = PEM
ssl.truststore.certificates=-----BEGIN CERTIFICATE-----\nMIIB\u003d\u003d\n-----END CERTIFICATE-----
link.mode=SOURCE
connection.mode=OUTBOUND
`

func TestParseLinkConfigReadsAFile(t *testing.T) {
	t.Parallel()
	c := newCLI(t, `
output "file"  { value = provider::clusterlink::parse_link_config(file("clusterlink.config")) }
output "empty" { value = provider::clusterlink::parse_link_config("") }
`)
	c.file("clusterlink.config", guideFile)
	c.succeeds("apply", "-auto-approve")
	c.output("file", `{
		"link_mode": "SOURCE",
		"connection_mode": "OUTBOUND",
		"config": {
			"bootstrap.servers": "source.example.com:9092,source-2.example.com:9092",
			"security.protocol": "SASL_SSL",
			"sasl.mechanism": "PLAIN",
			"ssl.truststore.type": "PEM"
		},
		"sensitive_config": {
			"sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required username='user' password='a=b c';",
			"ssl.truststore.certificates": "-----BEGIN CERTIFICATE-----\nMIIB==\n-----END CERTIFICATE-----"
		}
	}`)
	c.output("empty", `{"link_mode": null, "connection_mode": null, "config": {}, "sensitive_config": {}}`)
}

func TestParseLinkConfigTellsTheLineOfABadEscape(t *testing.T) {
	t.Parallel()
	c := newCLI(t, `output "file" { value = provider::clusterlink::parse_link_config("a=b\n\n# c\nd=\\u12x4\n") }`)
	says(t, c.fails("plan"), `Invalid value for "text" parameter`, "line 4")
}
