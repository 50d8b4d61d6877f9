/* Single values of mirror.conf: what a size, a time, a URL or an address looks like. Used by
 * config_table.c. */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include <stdint.h>

struct buf;

/* Each returns NULL, or what is wrong with the text: half a sentence that goes after a colon. */
/* http or https, no credentials, query or fragment. Appends the URL with a trailing slash to `normal`. */
const char *config_url_problem(const char *text, struct buf *normal);
/* "http://proxy:3128", https, socks5 and socks5h too; credentials are allowed. */
const char *config_proxy_problem(const char *text);
/* "127.0.0.1:8080", "[::1]:8080", "*:8080", "unix:/path". */
const char *config_listen_problem(const char *text);

/* Append a number as one would write it in the file: "64M", "10m". */
void config_print_size(struct buf *out, int64_t bytes);
void config_print_time(struct buf *out, int64_t seconds);

#endif
