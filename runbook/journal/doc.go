// Package journal keeps the append-only, tamper-evident record of a run on disk.
//
// A run lives in a directory of its own, named by a ULID, of mode 0700 and owned by the user:
//
//	journal.jsonl            one record a line, described below
//	journal.jsonl.broken-7   what was cut off when a torn record 7 was healed
//	runbook.yaml             whatever was put beside it with WriteFile
//	outputs/<sha256>         large outputs, put there with PutOutput
//	lock                     held (flock) while a process has the journal open; its pid is written in it
//	reserve                  1 MiB that is freed when the disk is full, so that a rollback can be recorded
//
// A line is
//
//	sha256(prev ‖ payload) payload LF
//
// in lower-case hexadecimal, one space and a JSON object without a line feed. prev is the hexadecimal text of the
// line before and empty for the first line, so a shell can check a line without this program:
//
//	printf '%s%s' "$prev" "$payload" | sha256sum
//
// The data's way: Append takes a value, marshals it, takes the secrets out, chains the hash, writes one line, calls
// fsync and only then answers. An answer without an error is the acknowledgement: that record survives a kill and a
// loss of power. Open reads everything back under the lock; Read, Verify and List read without it.
//
// The law of damage: a torn last record (the file ends in it, or its bytes are bad and nothing valid follows) is cut
// off by Open, which keeps the bytes beside the journal and records the repair. As a rule it was never acknowledged;
// a last record that was altered after it was written looks the same to the chain, so the reason is recorded and an
// anchored Head tells. Everything else (a bit flip, a missing, repeated or swapped line, bad bytes in front of good
// ones) is refused with its line and byte offset and never cut. The chain cannot show a tail that was cut at a line's
// end or a history written anew; for that, too, a Head is anchored elsewhere and compared with CheckAnchor.
//
// The law of faults: after a failed write or fsync nobody knows what is on the disk, so the journal is dead and says
// ErrDead to every later Append. A full disk is the one exception: the partial line is taken back, forward records
// get ErrFull, and AppendUrgent goes on with the space of the reserve.
//
//	j, err := journal.Create(root, journal.NewID(now), journal.Options{Redact: secrets})
//	if err != nil {
//		return err
//	}
//	defer j.Close()
//	rec, err := j.Append(now, "operator", "run.started", started)
//
// The package knows nothing of runbooks: kinds and data belong to its callers.
package journal
