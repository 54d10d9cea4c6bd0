package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/politicalsphere/sop/runbook/run"
)

// Law: before a run raises flags, the environment's Lease says so, and it says so until they are off: that is how a
// rollback from elsewhere knows them. The Lease serves flags in a ConfigMap and flags behind an address alike. A runbook
// has the notes of one run at a time: those of an older run are as out of date as a pin that a newer run has replaced.

const (
	maxNotes  = 16 << 10 // bytes of all notes together
	noteTries = 8        // the holder of the lock renews it, and others raise flags of their own
)

// RaisedFlags reads the notes about flags that runs have raised in the environment.
func (c *Cluster) RaisedFlags(ctx context.Context) ([]run.RaisedFlags, error) {
	lease, err := c.lease(ctx)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return notesOf(lease)
}

// NoteRaised notes flags before they are raised. With forward set it does so only while the environment's lock is ours.
func (c *Cluster) NoteRaised(ctx context.Context, f run.RaisedFlags, forward bool) error {
	if forward {
		ctx = context.WithValue(ctx, forwardKey{}, true)
	}
	return c.changeNotes(ctx, forward, func(notes []run.RaisedFlags) []run.RaisedFlags {
		notes = slices.DeleteFunc(notes, func(o run.RaisedFlags) bool {
			return o.Same(f) || o.Runbook == f.Runbook && o.Run != f.Run
		})
		return append(notes, f)
	})
}

// ForgetRaised takes the note away when the flags are off.
func (c *Cluster) ForgetRaised(ctx context.Context, f run.RaisedFlags) error {
	return c.changeNotes(ctx, false, func(notes []run.RaisedFlags) []run.RaisedFlags {
		return slices.DeleteFunc(notes, f.Same)
	})
}

// changeNotes writes the notes that change makes of those that are there, unless they are the same.
func (c *Cluster) changeNotes(ctx context.Context, forward bool, change func([]run.RaisedFlags) []run.RaisedFlags) error {
	if err := c.rightCluster(ctx, forward); err != nil {
		return err
	}
	for n := 1; ; n++ {
		lease, err := c.lease(ctx)
		if apierrors.IsNotFound(err) {
			lease, err = c.freshLease(), nil
		}
		if err != nil {
			return err
		}
		notes, _ := notesOf(lease) // what nobody can read is written anew
		text, err := noteText(change(notes))
		if err != nil || text == lease.Annotations[leaseFlags] {
			return err
		}
		setNotes(lease, text)
		_, err = c.writeLease(ctx, lease)
		if again := apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err); !again || n == noteTries {
			return err
		}
	}
}

func setNotes(lease *coordinationv1.Lease, text string) {
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	lease.Annotations[leaseFlags] = text
	if text == "" {
		delete(lease.Annotations, leaseFlags)
	}
}

func notesOf(lease *coordinationv1.Lease) ([]run.RaisedFlags, error) {
	text := lease.Annotations[leaseFlags]
	if text == "" {
		return nil, nil
	}
	var notes []run.RaisedFlags
	if len(text) > maxNotes {
		return nil, fmt.Errorf("the annotation %s of lease/%s is longer than any note of sop", leaseFlags, lease.Name)
	}
	if err := json.Unmarshal([]byte(text), &notes); err != nil {
		return nil, fmt.Errorf("the annotation %s of lease/%s cannot be read: %w", leaseFlags, lease.Name, err)
	}
	return notes, nil
}

func noteText(notes []run.RaisedFlags) (string, error) {
	if len(notes) == 0 {
		return "", nil
	}
	text, err := json.Marshal(notes)
	if err == nil && len(text) > maxNotes {
		err = fmt.Errorf("the notes about raised flags take %d bytes, at most %d fit: name fewer flags in one step", len(text), maxNotes)
	}
	return string(text), err
}
