package expr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// program is one compiled expression. It is immutable and may be evaluated by many at a time.
type program struct {
	text       string
	output     string // CEL's name of the type that it gives
	program    cel.Program
	references []Reference
}

// gives tells whether the expression gives one of the types, or one that only shows when it is evaluated.
func (p *program) gives(types ...string) bool {
	return p.output == "dyn" || slices.Contains(types, p.output)
}

// cache keeps compiled expressions by scope and text. It is emptied when full: a runbook has some hundred.
type cache struct {
	mu       sync.Mutex
	envs     map[Scope]*cel.Env
	programs map[cacheKey]compiled
}

type cacheKey struct {
	scope Scope
	text  string
}

type compiled struct {
	program *program
	err     Errors
}

const maxCached = 4096

var compiledByText = cache{envs: map[Scope]*cel.Env{}, programs: map[cacheKey]compiled{}}

// compile parses and checks one expression. Offsets of the errors count from the beginning of text.
func compile(text string, scope Scope) (*program, Errors) {
	if n := runes(text); n > maxLength {
		return nil, Errors{{Message: fmt.Sprintf("the expression has %d characters; at most %d are read", n, maxLength), Hint: "make it shorter"}}
	}
	if strings.TrimSpace(text) == "" {
		return nil, Errors{{Message: "the expression is empty", Hint: "known here: " + scope.names()}}
	}
	compiledByText.mu.Lock()
	defer compiledByText.mu.Unlock()
	key := cacheKey{scope, text}
	if c, ok := compiledByText.programs[key]; ok {
		return c.program, c.err
	}
	env, err := compiledByText.env(scope)
	if err != nil {
		return nil, Errors{{Message: "the expression language did not start: " + err.Error()}}
	}
	p, wrong := compileIn(env, text, scope)
	if len(compiledByText.programs) >= maxCached {
		clear(compiledByText.programs)
	}
	compiledByText.programs[key] = compiled{p, wrong}
	return p, wrong
}

// env returns the CEL environment of a scope; the caller holds the lock.
func (c *cache) env(scope Scope) (*cel.Env, error) {
	if e := c.envs[scope]; e != nil {
		return e, nil
	}
	e, err := cel.NewEnv(declare(scope)...)
	if err == nil {
		c.envs[scope] = e
	}
	return e, err
}

func declare(scope Scope) []cel.EnvOption {
	text, texts := cel.StringType, cel.MapType(cel.StringType, cel.StringType)
	options := []cel.EnvOption{
		ext.Strings(ext.StringsVersion(4)),
		cel.EnableIdentifierEscapeSyntax(), cel.CrossTypeNumericComparisons(true),
		cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(2 * maxLength),
		cel.ExpressionNodeLimit(maxNodes), cel.ExpressionNestingDepthLimit(maxDepth), cel.RegexProgramSizeLimit(1000),
	}
	add := func(bit Scope, t *cel.Type, names ...string) {
		for _, n := range names {
			if scope&bit != 0 {
				options = append(options, cel.Variable(n, t))
			}
		}
	}
	add(Inputs, texts, "inputs")
	add(Env, text, "env.name", "env.namespace", "env.context", "env.prometheus.url")
	add(Env, cel.BoolType, "env.protected")
	add(Env, texts, "env.values")
	add(Component, text, "component.name")
	add(Run, text, "run.id", "run.operator", "run.environment", "run.version")
	add(Steps, texts, "steps")
	add(Answers, texts, "answers")
	add(Self, cel.DynType, "self")
	return options
}

func compileIn(env *cel.Env, text string, scope Scope) (*program, Errors) {
	source, back := escapeNames(text)
	checked, issues := env.Compile(source)
	if issues.Err() != nil {
		var wrong Errors
		for _, e := range issues.Errors() {
			message, hint := plainWords(e.Message, scope)
			offset := offsetOf(source, e.Location.Line(), e.Location.Column())
			if m := undeclared.FindStringSubmatch(e.Message); m != nil {
				offset = max(0, offset-max(0, strings.LastIndexByte(m[1], '.'))) // CEL's place of a.b.c is the last dot
			}
			wrong = append(wrong, &Error{Offset: back(offset), Message: message, Hint: hint})
			if strings.HasPrefix(e.Message, "Syntax error") {
				break // what follows a syntax error is noise
			}
		}
		return nil, wrong
	}
	if err := checkPatterns(checked); err != nil {
		return nil, Errors{err}
	}
	p, err := env.Program(checked, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, Errors{{Message: "the expression cannot be used: " + err.Error()}}
	}
	return &program{text: text, output: checked.OutputType().String(), program: p, references: references(checked, back)}, nil
}

// eval evaluates and gives a Go value: bool, int64, uint64, float64, string, or what the types library makes of it.
func (p *program) eval(v Vars) (any, error) {
	out, _, err := p.program.Eval(v.activation())
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %w", p.text, err)
	}
	if types.IsUnknownOrError(out) {
		return nil, fmt.Errorf("evaluate %q: %v", p.text, out)
	}
	return native(out), nil
}

func native(v ref.Val) any { return v.Value() }

// references finds what the expression reads that only the runbook can tell whether it is there.
func references(checked *cel.Ast, back func(int) int) []Reference {
	var out []Reference
	info := checked.NativeRep().SourceInfo()
	add := func(at ast.Expr, root, name string) {
		offset := 0
		if r, ok := info.GetOffsetRange(at.ID()); ok {
			offset = int(r.Start)
		}
		if first, _, dotted := strings.Cut(at.AsIdent(), "."); dotted {
			offset = max(0, offset-len(first)) // CEL's place of a.b is the dot
		}
		out = append(out, Reference{Root: root, Name: name, Offset: back(offset)})
	}
	note := func(operand ast.Expr, name string) {
		if operand.Kind() != ast.IdentKind {
			return
		}
		if root := operand.AsIdent(); root == "inputs" || root == "env.values" || root == "steps" || root == "answers" {
			add(operand, root, name)
		}
	}
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if e.AsIdent() == "run.version" {
				add(e, "run", "version")
			}
		case ast.SelectKind:
			note(e.AsSelect().Operand(), e.AsSelect().FieldName())
		case ast.CallKind:
			call := e.AsCall()
			if call.FunctionName() == operators.Index && call.Args()[1].Kind() == ast.LiteralKind {
				if s, ok := call.Args()[1].AsLiteral().Value().(string); ok {
					note(call.Args()[0], s)
				}
			}
		}
	}))
	return out
}

// checkPatterns compiles literal patterns of matches(), which CEL itself would only do when it evaluates.
func checkPatterns(checked *cel.Ast) *Error {
	var wrong *Error
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "matches" || len(e.AsCall().Args()) == 0 {
			return
		}
		args := e.AsCall().Args()
		if last := args[len(args)-1]; last.Kind() == ast.LiteralKind {
			if s, ok := last.AsLiteral().Value().(string); ok {
				if _, err := regexp.Compile(s); err != nil {
					wrong = &Error{Message: err.Error(), Hint: "the syntax of patterns is RE2's"}
				}
			}
		}
	}))
	return wrong
}
