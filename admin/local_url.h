/* The URL of a server on this machine. */
#ifndef ADMIN_LOCAL_URL_H
#define ADMIN_LOCAL_URL_H

struct buf;

/* Appends the URL of a server that listens on `address`, in the form of listener_addresses(). An address that
 * means every address of the machine becomes loopback; "unix:PATH" stays as it is, http_client_new()
 * understands it. */
void local_url_print(const char *address, struct buf *out);

#endif
