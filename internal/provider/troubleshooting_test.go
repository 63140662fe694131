package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The guide to troubleshooting has a row for every error and every warning that
// the provider gives, and for no other.
func TestTroubleshootingKnowsEveryDiagnostic(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(guides, "troubleshooting.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| \*\*(.+?)\*\* \| (.+?) \|`).FindAllStringSubmatch(string(text), -1) {
		if rows[row[1]] != "" {
			t.Errorf("%q has two rows", row[1])
		}
		rows[row[1]] = row[2]
	}
	given := diagnosticsIn(t, ".")
	for _, summary := range slices.Sorted(maps.Keys(given)) {
		if kinds := strings.Join(slices.Sorted(maps.Keys(given[summary])), " or "); rows[summary] != kinds {
			t.Errorf("%q is %s, and the guide says %q", summary, kinds, rows[summary])
		}
		delete(rows, summary)
	}
	for summary := range rows {
		t.Errorf("nothing gives %q any more", summary)
	}
}

// What the guide quotes of messages is in the code, which knows servers' words too.
// What begins with a number is a status of HTTP, or a count.
func TestTroubleshootingQuotesMessages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(guides, "troubleshooting.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for _, folder := range []string{".", "../kafkarest"} {
		names, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if part, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, "_test.go") {
				code += strings.ToLower(string(part))
			}
		}
	}
	quotes := 0
	for _, row := range regexp.MustCompile(`(?m)^\| ".*?\|`).FindAllString(string(text), -1) {
		for _, quote := range regexp.MustCompile(`"([a-zA-Z][^"0-9]+)"`).FindAllStringSubmatch(row, -1) {
			if quotes++; !strings.Contains(code, strings.ToLower(quote[1])) {
				t.Errorf("nothing says %q any more", quote[1])
			}
		}
	}
	if quotes < 5 {
		t.Errorf("only %d quotes were found", quotes)
	}
}

// source is what has to be known of a package to tell the summaries of its diagnostics.
type source struct {
	t      *testing.T
	files  *token.FileSet
	consts map[string]ast.Expr // of the package
	fields map[string][]string // texts that are given to a field of that name in any literal
	sinks  map[string]sink     // by the name of the function
	found  map[string]map[string]bool
}

// sink is a function that takes the summary of a diagnostic.
type sink struct {
	argument int
	kind     string
}

// diagnosticsIn finds the summaries of all diagnostics that a package gives, and
// whether they are errors, warnings or both.
func diagnosticsIn(t *testing.T, folder string) map[string]map[string]bool {
	t.Helper()
	s := &source{
		t: t, files: token.NewFileSet(), consts: map[string]ast.Expr{}, fields: map[string][]string{}, found: map[string]map[string]bool{},
		sinks: map[string]sink{
			"AddError": {0, "error"}, "AddWarning": {0, "warning"}, "AddAttributeError": {1, "error"}, "AddAttributeWarning": {1, "warning"},
			"NewErrorDiagnostic": {0, "error"}, "NewWarningDiagnostic": {0, "warning"},
			"NewAttributeErrorDiagnostic": {1, "error"}, "NewAttributeWarningDiagnostic": {1, "warning"},
		},
	}
	var functions []*ast.FuncDecl
	for _, file := range s.parse(folder) {
		ast.Inspect(file, s.noteField)
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				noteConsts(d, s.consts)
			case *ast.FuncDecl:
				functions = append(functions, d)
			}
		}
	}
	for known := 0; known < len(s.sinks); { // functions that hand a summary on are sinks themselves
		known = len(s.sinks)
		for _, f := range functions {
			s.visit(f)
		}
	}
	if len(s.found) < 10 {
		t.Fatalf("only %d summaries were found", len(s.found))
	}
	return s.found
}

func (s *source) parse(folder string) []*ast.File {
	s.t.Helper()
	names, err := fs.Glob(os.DirFS(folder), "*.go")
	if err != nil {
		s.t.Fatal(err)
	}
	var parsed []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.files, filepath.Join(folder, name), nil, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	return parsed
}

func (s *source) noteField(n ast.Node) bool {
	if pair, ok := n.(*ast.KeyValueExpr); ok {
		key, isName := pair.Key.(*ast.Ident)
		value, isText := pair.Value.(*ast.BasicLit)
		if isName && isText && value.Kind == token.STRING {
			s.fields[key.Name] = append(s.fields[key.Name], unquoted(value))
		}
	}
	return true
}

func noteConsts(d *ast.GenDecl, into map[string]ast.Expr) {
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.CONST {
			for i := range v.Values {
				into[v.Names[i].Name] = v.Values[i]
			}
		}
	}
}

// visit finds the diagnostics that a function gives.
func (s *source) visit(f *ast.FuncDecl) {
	local := maps.Clone(s.consts)
	parameters := map[string]int{}
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			parameters[name.Name] = len(parameters)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			noteConsts(n, local)
		case *ast.CallExpr:
			to, ok := s.sinks[nameOf(n.Fun)]
			if !ok || len(n.Args) <= to.argument {
				break
			}
			if name, isName := n.Args[to.argument].(*ast.Ident); isName {
				if i, handsOn := parameters[name.Name]; handsOn {
					s.sinks[f.Name.Name] = sink{i, to.kind}
					break
				}
			}
			s.note(n.Args[to.argument], local, to.kind)
		}
		return true
	})
}

func (s *source) note(summary ast.Expr, consts map[string]ast.Expr, kind string) {
	texts := s.texts(summary, consts)
	if len(texts) == 0 {
		s.t.Errorf("%s: no test can tell this summary", s.files.Position(summary.Pos()))
	}
	for _, text := range texts {
		if s.found[text] == nil {
			s.found[text] = map[string]bool{}
		}
		s.found[text][kind] = true
	}
}

// texts are what an expression can come to: none where that cannot be told.
func (s *source) texts(e ast.Expr, consts map[string]ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return []string{unquoted(e)}
	case *ast.Ident:
		if value, ok := consts[e.Name]; ok {
			return s.texts(value, consts)
		}
	case *ast.SelectorExpr:
		return s.fields[e.Sel.Name]
	case *ast.BinaryExpr:
		var all []string
		for _, left := range s.texts(e.X, consts) {
			for _, right := range s.texts(e.Y, consts) {
				all = append(all, left+right)
			}
		}
		return all
	}
	return nil
}

// nameOf is that of the function that is called, whatever it belongs to.
func nameOf(called ast.Expr) string {
	switch f := called.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	default:
		return ""
	}
}

func unquoted(literal *ast.BasicLit) string {
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return literal.Value
	}
	return text
}
