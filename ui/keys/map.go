package keys

import "slices"

func in(scopes ...Scope) []Scope { return scopes }

// and is scopes and more, in a list of its own.
func and(scopes []Scope, more ...Scope) []Scope { return append(slices.Clone(scopes), more...) }

var bindings = []Binding{
	{
		ID: Up, Pair: Down, Keys: []string{"up", "k"}, Label: "move", Rank: 3,
		Help: "Move up and down{also}.", Scopes: and(screens, WatchOnly, Home, Gate, HelpPage),
	},
	{ID: Down, Keys: []string{"down", "j"}, Scopes: and(screens, WatchOnly, Home, Gate, HelpPage)},
	{ID: Up, Pair: Down, Keys: []string{"up"}, Label: "choose", Rank: 3, Help: "Choose a command.", Scopes: in(Palette)},
	{ID: Down, Keys: []string{"down"}, Scopes: in(Palette)},
	{
		ID: Left, Pair: Right, Keys: []string{"left", "h"}, Label: "phase", Rank: 12,
		Help: "Go to the phase before and after{also}.", Scopes: in(Checklist),
	},
	{ID: Right, Keys: []string{"right", "l"}, Scopes: in(Checklist)},
	{
		ID: Left, Pair: Right, Keys: []string{"left", "h"}, Label: "read value", Rank: 6,
		Help: "Move the crosshair along the chart and read its values{also}.", Scopes: in(Watch, WatchOnly),
	},
	{ID: Right, Keys: []string{"right", "l"}, Scopes: in(Watch, WatchOnly)},
	{
		ID: NextFocus, Keys: []string{"tab"}, Label: "next pane", Rank: 11,
		Help: "Put the focus on the next pane or chart; {previous-focus} goes back.", Scopes: and(panes, WatchOnly),
	},
	{ID: PrevFocus, Keys: []string{"shift+tab"}, Scopes: and(panes, WatchOnly)},
	{
		ID: NextFocus, Keys: []string{"tab"}, Label: "only asked, wrote, said", Rank: 4,
		Help: "List only what was asked, what was written, what the run said, or all again; {previous-focus} goes back.", Scopes: in(Commands),
	},
	{ID: PrevFocus, Keys: []string{"shift+tab"}, Scopes: in(Commands)},
	{ID: NextFocus, Keys: []string{"tab"}, Label: "next field", Rank: 5, Help: "Go to the next field.", Scopes: in(Text)},
	{ID: PrevFocus, Keys: []string{"shift+tab"}, Scopes: in(Text)},
	{ID: PageUp, Pair: PageDown, Keys: []string{"pgup"}, Help: "Move by a page.", Scopes: and(screens, Home, HelpPage)},
	{ID: PageDown, Keys: []string{"pgdown"}, Scopes: and(screens, Home, HelpPage)},
	{ID: First, Pair: Last, Keys: []string{"home"}, Help: "Go to the first and the last line.", Scopes: and(screens, Home, HelpPage)},
	{ID: Last, Keys: []string{"end"}, Scopes: and(screens, Home, HelpPage)},

	{ID: Open, Keys: []string{"enter"}, Label: "open", Rank: 2, Help: "Open what is chosen, or start the step.", Scopes: in(Checklist, Rollout, Watch, Report)},
	{ID: Open, Keys: []string{"enter"}, Label: "choose", Rank: 2, Help: "Choose it: a runbook or a drill asks for what it needs, an open run goes on, a past one shows its report.", Scopes: in(Home)},
	{
		ID: NextFocus, Keys: []string{"tab"}, Label: "next part", Rank: 6,
		Help: "Go to the next part of the list; {previous-focus} goes back.", Scopes: in(Home),
	},
	{ID: PrevFocus, Keys: []string{"shift+tab"}, Scopes: in(Home)},
	{ID: Reload, Keys: []string{"r"}, Label: "look again", Rank: 16, Help: "Look again at the runbooks and runs that there are.", Scopes: in(Home)},
	{ID: Copy, Keys: []string{"y"}, Label: "copy command", Rank: 8, Help: "Copy the command line that does the same.", Scopes: in(Home, Begin)},
	{
		ID: NextFocus, Keys: []string{"tab", "enter"}, Show: "enter", Label: "next", Rank: 0,
		Help: "Take the field and go to the next one; also tab. {previous-focus} goes back.", Scopes: in(Form),
	},
	{ID: PrevFocus, Keys: []string{"shift+tab"}, Label: "field before", Rank: 3, Scopes: in(Form)},
	{ID: BeginIt, Keys: []string{"enter"}, Label: "begin", Rank: 0, Help: "Begin. It writes nothing to a cluster by itself.", Scopes: in(Begin)},
	{ID: Start, Keys: []string{"s"}, Label: "start", Rank: 1, Acts: true, Help: "Start the deploy or the watch that is chosen; it asks first.", Scopes: in(Checklist)},
	{ID: Extend, Keys: []string{"e"}, Label: "10 min longer", Rank: 2, Wants: true, Help: "Watch ten minutes longer; it asks first.", Scopes: in(Watch, WatchOnly)},
	{
		ID: StatusSent, Keys: []string{"t"}, Label: "status", Rank: 4, Wants: true,
		Help: "Read the drafted status update, change it, and send it or say that it was told.", Scopes: in(Checklist, Rollout, Watch),
	},
	{
		ID: Attest, Keys: []string{"space"}, Label: "attest", Rank: 4, Wants: true,
		Help: "Tick a box by hand, with a note; again to take the tick back.", Scopes: in(Checklist),
	},
	{
		ID: Override, Keys: []string{"o"}, Label: "override", Rank: 8, Acts: true,
		Help: "Pass over a check that blocks, with a reason. It is void if the value gets worse.", Scopes: in(Checklist, Gate),
	},
	{ID: Recheck, Keys: []string{"r"}, Label: "re-check", Rank: 7, Wants: true, Help: "Look again now.", Scopes: in(Checklist, Rollout, Watch, Gate)},
	{ID: Defer, Keys: []string{"d"}, Label: "defer", Rank: 13, Wants: true, Help: "Put the step off to the phase that the runbook names.", Scopes: in(Checklist, Gate)},
	{ID: Note, Keys: []string{"n"}, Label: "note", Rank: 14, Wants: true, Help: "Write a note into the journal.", Scopes: screens},
	{ID: Copy, Keys: []string{"y"}, Label: "copy evidence", Rank: 15, Help: "Copy the evidence, or the value under the crosshair, to the clipboard; at once again: only the query.", Scopes: screens},
	{ID: Copy, Keys: []string{"y"}, Label: "copy value", Rank: 15, Help: "Copy the value under the crosshair, or the newest, to the clipboard.", Scopes: in(WatchOnly)},
	{ID: CopyQuery, Keys: []string{"Y"}, Label: "copy query", Rank: 23, Help: "Copy only the exact calls behind the box, or of the line, to the clipboard.", Scopes: in(Checklist, Commands)},
	{ID: ToGate, Keys: []string{"g"}, Label: "gate", Rank: 9, Wants: true, Help: "Open the gate to the next phase, or see what keeps it shut.", Scopes: in(Checklist, Rollout, Watch)},
	{ID: Abort, Keys: []string{"a"}, Label: "abort", Rank: 10, Acts: true, Help: "End the run here; what is deployed stays.", Scopes: in(Gate)},
	{ID: Freeze, Keys: []string{"f"}, Label: "freeze", Rank: 5, Acts: true, Help: "Freeze the rollout where it is.", Scopes: in(Checklist, Rollout, Watch)},
	{ID: Resume, Keys: []string{"u"}, Label: "resume", Rank: 2, Acts: true, Help: "Resume a frozen rollout.", Scopes: in(Checklist, Rollout, Watch, Rollback)},

	{ID: GoTo + ID(Checklist), Keys: []string{"1", "c"}, Show: "c", Label: "checklist", Rank: 16, Help: "Screen 1: the checklist.", Scopes: screens},
	{ID: GoTo + ID(Rollout), Keys: []string{"2", "p"}, Show: "p", Label: "rollout", Rank: 17, Help: "Screen 2: the rollout's progress.", Scopes: screens},
	{ID: GoTo + ID(Watch), Keys: []string{"3", "w"}, Show: "w", Label: "watch", Rank: 16, Help: "Screen 3: the watch and its charts.", Scopes: screens},
	{ID: GoTo + ID(Rollback), Keys: []string{"4", "b"}, Show: "b", Label: "rollback", Rank: 18, Help: "Screen 4: the rollback and its target; going there does nothing yet.", Scopes: screens},
	{ID: GoTo + ID(Report), Keys: []string{"5", "v"}, Show: "v", Label: "report", Rank: 19, Help: "Screen 5: the report.", Scopes: screens},
	{ID: GoTo + ID(Commands), Keys: []string{"6", "x"}, Show: "x", Label: "command log", Rank: 19, Help: "Screen 6: the command log: the exact call behind every tick, and every write.", Scopes: screens},

	{ID: Filter, Keys: []string{"/"}, Label: "filter", Rank: 20, Help: "Show only what contains a text.", Scopes: and(screens, Home, HelpPage)},
	{ID: OpenPalette, Keys: []string{":"}, Label: "palette", Rank: 21, Help: "Type a command by its name.", Scopes: and(screens, Home)},

	{ID: Burn, Keys: []string{"enter"}, Label: "now", Rank: 0, Acts: true, Help: "Roll back at once.", Scopes: in(Fuse)},
	{ID: TakeBack, Keys: []string{"esc"}, Label: "take it back", Rank: 1, Wants: true, Help: "Stop the fuse; the rollout stays frozen until it is resumed.", Scopes: in(Fuse)},
	{ID: Accept, Keys: []string{"enter"}, Label: "accept", Rank: 0, Help: "Take what was typed or chosen.", Scopes: in(Text, Palette)},
	{ID: Open, Keys: []string{"enter"}, Label: "go there", Rank: 2, Help: "Go to the step that is marked.", Scopes: in(Gate)},
	{ID: Yes, Keys: []string{"y"}, Label: "yes", Rank: 0, Help: "Yes, do it.", Scopes: in(Confirm)},
	{ID: No, Keys: []string{"n", "esc"}, Label: "no", Rank: 1, Help: "No, go back.", Scopes: in(Confirm)},
	{ID: Back, Keys: []string{"esc"}, Label: "back", Rank: 22, Help: "Back, or take back what was begun.", Scopes: and(screens, Home)},
	{ID: Back, Keys: []string{"esc"}, Help: "Take the crosshair away.", Scopes: in(WatchOnly)},
	{ID: Back, Keys: []string{"esc"}, Label: "cancel", Rank: 1, Help: "Leave without taking it.", Scopes: in(Text, Palette, Gate)},
	{ID: Back, Keys: []string{"esc"}, Label: "back", Rank: 1, Help: "Back to where it was chosen; nothing has begun.", Scopes: in(Form, Begin)},
	{ID: Back, Keys: []string{"esc", "?", "q"}, Label: "close", Rank: 1, Help: "Close the help.", Scopes: in(HelpPage)},

	{
		ID: RollBack, Keys: []string{"R"}, Label: "roll back", Rank: 0, Acts: true,
		Help: "Freeze now and roll back when the fuse has burnt; {take-back} takes it back.", Scopes: and(screens, Gate, Confirm, HelpPage),
	},
	{ID: RollBack, Keys: []string{"R"}, Acts: true, Help: "The fuse burns already; more presses change nothing.", Scopes: in(Fuse)},
	{ID: RollBack, Keys: []string{"R"}, Help: "It only says so: this watch wrote nothing, so there is nothing to undo.", Scopes: in(WatchOnly)},
	{ID: ToRollback, Keys: []string{"R"}, Label: "only roll back", Rank: 4, Help: "Here only to roll back: choose what. Nothing is rolled back by that yet.", Scopes: in(Home)},
	{ID: Help, Keys: []string{"?"}, Label: "help", Rank: 1, Help: "This page.", Scopes: and(screens, WatchOnly, Home, Gate, Fuse)},
	{
		ID: Quit, Keys: []string{"q", "ctrl+c"}, Label: "quit", Rank: 10,
		Help: "Quit; while a run is live it asks first, and the run can be resumed.", Scopes: screens,
	},
	{ID: Quit, Keys: []string{"q", "ctrl+c"}, Label: "quit", Rank: 10, Help: "Quit.", Scopes: in(Home, Begin)},
	{ID: Quit, Keys: []string{"q", "ctrl+c"}, Label: "quit", Rank: 0, Help: "Quit. Before its time is over, the verdict is on what was seen until then.", Scopes: in(WatchOnly)},
	{ID: Quit, Keys: []string{"q", "ctrl+c"}, Scopes: in(Fuse)}, // it only says that the fuse burns
	{ID: Quit, Keys: []string{"ctrl+c"}, Scopes: in(Gate, Confirm, HelpPage, Text, Palette, Form)},
}
