package filter

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	parser "github.com/scim2/filter-parser/v2"
)

// expr is a parsed shape: how the comparisons of a filter hang together.
type expr struct {
	kind        nodeKind // and, or, not, compare, present
	left, right *expr
	op          op
	operand     int // of compare and present
	literal     int // of compare
}

// shapes keeps what the parser made of a shape. Clients repeat a handful of shapes for ever, and
// parsing one costs a hundred times what a look-up does. A full cache starts anew, so a client
// that invents shapes costs others one parse each, and no memory.
var shapes = struct {
	sync.RWMutex
	m map[string]*expr
}{m: map[string]*expr{}}

func parseShape(shape []byte) (*expr, error) {
	shapes.RLock()
	e := shapes.m[string(shape)]
	shapes.RUnlock()
	if e != nil {
		return e, nil
	}
	ast, err := parser.ParseFilterNumber(shape)
	if err != nil {
		return nil, err
	}
	if e, err = fromAST(ast); err != nil || len(shape) > maxShape {
		return e, err
	}
	shapes.Lock()
	defer shapes.Unlock()
	if len(shapes.m) >= maxShapes {
		clear(shapes.m)
	}
	shapes.m[string(shape)] = e
	return e, nil
}

// fromAST takes the parser's tree over into ours, so that no type of the parser goes further.
func fromAST(ast parser.Expression) (*expr, error) {
	switch a := ast.(type) {
	case *parser.LogicalExpression:
		left, err := fromAST(a.Left)
		if err != nil {
			return nil, err
		}
		right, err := fromAST(a.Right)
		if err != nil {
			return nil, err
		}
		kind := or
		if a.Operator == parser.AND {
			kind = and
		}
		return &expr{kind: kind, left: left, right: right}, nil
	case *parser.NotExpression:
		inner, err := fromAST(a.Expression)
		return &expr{kind: not, left: inner}, err
	case *parser.AttributeExpression:
		return fromComparison(a)
	}
	return nil, fmt.Errorf("filter: a shape has a %T", ast)
}

func fromComparison(a *parser.AttributeExpression) (*expr, error) {
	name := a.AttributePath.AttributeName
	if a.AttributePath.URIPrefix != nil || a.AttributePath.SubAttribute != nil || len(name) < 2 {
		return nil, errors.New("filter: a shape has a path of its own")
	}
	operand, err := strconv.Atoi(name[1:])
	if err != nil || a.Operator == parser.PR {
		return &expr{kind: present, operand: operand}, err
	}
	text, _ := a.CompareValue.(string)
	literal, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	op, ok := parseOp(string(a.Operator))
	if !ok {
		return nil, fmt.Errorf("filter: a shape has the operator %q", a.Operator)
	}
	return &expr{kind: compare, op: op, operand: operand, literal: literal}, nil
}
