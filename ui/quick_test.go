package ui

import (
	"fmt"
	"os"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

func TestQuick(t *testing.T) {
	for _, sc := range scenes() {
		m := New(newFake(sc.state, sc.now), Options{Cluster: "eks-prod/production", First: sc.screen})
		var w, h int
		fmt.Sscanf(os.Getenv("SIZE"), "%dx%d", &w, &h)
		m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		fmt.Printf("=== %s\n%s\n", sc.name, ansi.Strip(m.View().Content))
	}
}
