package report

import (
	"bufio"
	"io"
	"strings"
)

// Law: foreign text stays text. It can neither end a cell, a line or a code span, nor begin a heading, a list, a link or
// markup of its own.

// Markdown writes the report for people who read it as text, in a pull request or in a ticket. A row that ends with an
// exclamation mark needed a person.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	m := markdown{b}
	m.put("# ", escape(r.Heading()), "\n")
	for _, s := range r.Sections() {
		m.put("\n## ", escape(s.Title), "\n")
		facts := false
		for _, block := range s.Blocks {
			if !(facts && block.Facts != nil) && block.Chart == nil && block.Lanes == nil {
				m.put("\n")
			}
			facts = block.Facts != nil
			m.block(block)
		}
	}
	m.put("\nAll times are UTC.\n")
	return b.Flush()
}

// markdown writes blocks. A bufio.Writer keeps its first error, so nobody has to look at each.
type markdown struct{ w *bufio.Writer }

func (m markdown) put(texts ...string) {
	for _, t := range texts {
		_, _ = m.w.WriteString(t)
	}
}

func (m markdown) block(b Block) {
	switch {
	case b.Note != nil:
		m.put("> **", escape(b.Note.Word), "**: ", escape(b.Note.Text), "\n")
	case b.Facts != nil:
		for _, f := range b.Facts {
			m.put("- ", escape(f.Name), ": ", inline(f.Value, "; "), "\n")
		}
	case b.Table != nil:
		m.table(b.Table)
	case b.Text != nil:
		m.put(inline(b.Text, " "), "\n")
	}
}

func (m markdown) table(t *Table) {
	m.put("| ", strings.Join(t.Columns, " | "), " |\n|", strings.Repeat("---|", len(t.Columns)), "\n")
	for _, row := range t.Rows {
		m.put("|")
		for i, c := range row.Cells {
			text := inline(c, "<br>")
			if row.Loud && i == len(row.Cells)-1 {
				text += " **!**"
			}
			if text != "" {
				m.put(" ", text)
			}
			m.put(" |")
		}
		m.put("\n")
	}
}

// inline is a cell on one line; between stands between its lines.
func inline(c Cell, between string) string {
	var lines []string
	for _, words := range c {
		text := ""
		for _, p := range words {
			text += part(p)
		}
		if text = strings.TrimSpace(text); text != "" {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, between)
}

func part(p Part) string {
	switch {
	case p.Text == "":
		return ""
	case p.Style == Code:
		return codeSpan(p.Text)
	case p.Style == Strong:
		return "**" + strings.TrimSpace(escape(p.Text)) + "**"
	case p.Style == State && p.Mark != "" && !strings.ContainsAny(p.Mark, "()[]"):
		return "**" + escape(p.Text) + "**"
	}
	return escape(p.Text)
}

// special are the characters that Markdown could take for its own. An underscore within a word is none.
var special = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "~", `\~`, "_", `\_`,
	"#", `\#`, "\n", " ", "\r", " ", "\t", " ",
)

// escape makes foreign text harmless in a paragraph, a list or a cell.
func escape(s string) string {
	s = special.Replace(clean(s))
	trimmed := strings.TrimLeft(s, " ")
	if trimmed != "" && strings.ContainsRune("-+=", rune(trimmed[0])) {
		return s[:len(s)-len(trimmed)] + `\` + trimmed // the beginning of a list or of a heading
	}
	return s
}

// codeSpan is text as it is, between more backticks in a row than it has itself. In a table a pipe ends the cell even
// within code, but for one with a backslash.
func codeSpan(s string) string {
	s = strings.ReplaceAll(clean(s), "|", `\|`)
	longest, row := 0, 0
	for _, c := range s {
		if c != '`' {
			row = 0
			continue
		}
		row++
		longest = max(longest, row)
	}
	fence := strings.Repeat("`", longest+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}
