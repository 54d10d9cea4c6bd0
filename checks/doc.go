// Package checks is how a box is verified: the check kinds, and the worker that looks again and again.
//
// A kind reads the world and says passed, warn, failed or unknown. Unknown means that it could not look (no rights,
// no connection, no answer in time, an answer that says nothing): it is never green and never red. Every text from
// outside is made safe here, and no secret gets further: a Secret comes as its keys, a URL without its credentials.
//
//	worker := checks.New(checks.Sources{Clusters: clusters, HTTP: web.Transport(), Programs: process.Local{}, Clock: clock}, plan)
//	err := worker.Do(ctx, work, report) // work.Body is a run.CheckWork; report gets a run.Checked for every look
//
// The data's way: Check → decoded parameters → look → seen (own judgement, observed value) → expect → run.Checked.
//
// How often a failure has to be seen before a box un-ticks is not decided here but by package run.
package checks
