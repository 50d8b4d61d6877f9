/* A reader: one client's answer, fed from a running fill. */
#ifndef PROXY_HTTP_READER_H
#define PROXY_HTTP_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fill;
struct request;

/* Enters the request among the fill's readers, for the bytes [start, end) of a blob that is said to have
 * total_bytes. Returns false when the first of them are gone: they were only passed through, and the request
 * came too late for them. */
bool reader_begin(struct request *request, struct fill *fill, int64_t total_bytes, int64_t start,
                  int64_t end);
/* Takes the request off the list of readers, if it is on one. Called when the request ends. */
void reader_end(struct request *request);
/* libmicrohttpd's content reader; arg is the request. Suspends the connection when the fill has no more bytes
 * yet. */
ssize_t reader_read(void *arg, uint64_t position, char *data, size_t max);

#endif
