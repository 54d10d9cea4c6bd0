// Package web is what checks and actions share when they speak with the network: which addresses may be asked, which
// redirects are followed, which headers are sent, and which texts must not show.
package web
