/* Single values: sizes, times, URLs, addresses, and what makes them valid in mirror.conf. Pure. */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include <stdint.h>

struct buf;

/* "16K" -> 16384. Returns 0, or -1. */
int config_parse_size(const char *text, int64_t *bytes);
/* "10m" -> 600. A plain number is seconds. Returns 0, or -1. */
int config_parse_time(const char *text, int64_t *seconds);

/* Each returns NULL for a valid value, else the fault as half a sentence, to follow a colon. */
/* http or https, no credentials, query or fragment. Appends the URL with a trailing slash to `normal`. */
const char *config_url_problem(const char *text, struct buf *normal);
/* "http://proxy:3128", https, socks5 and socks5h too; credentials are allowed. */
const char *config_proxy_problem(const char *text);
/* "127.0.0.1:8080", "[::1]:8080", "*:8080", "unix:/path". */
const char *config_listen_problem(const char *text);

/* "registry-1.docker.io", "127.0.0.1:5000", "[::1]:5000". */
const char *config_host_problem(const char *text);
/* "auth.docker.io": a host alone. An IPv6 address is appended without its brackets, as struct url has it. */
const char *config_realm_problem(const char *text, struct buf *normal);
/* A user name that HTTP can send with a password (RFC 7617 section 2). */
const char *config_username_problem(const char *text);
/* As config_url_problem(), with the host in lower case. A "/v2/" at the end is cut off: we add it
 * ourselves. */
const char *config_registry_url_problem(const char *text, struct buf *normal);
/* "from to" */
const char *config_rewrite_problem(const char *text);
/* "pypi:flask", "docker:nginx:1.27": only how it begins; storage/catalog/holding.h reads the rest. */
const char *config_pin_problem(const char *text);

/* "03:00" */
const char *config_clock_problem(const char *text);
/* "never", "fallback", "always" */
const char *config_sdist_problem(const char *text);
/* "newest", "all", a number from 1 */
const char *config_versions_problem(const char *text);

/* Names of sections: see config_section.name_expected. */
const char *config_word_expected(const char *name, struct buf *normal);         /* one's own choice */
const char *config_registry_expected(const char *name, struct buf *normal);     /* of a registry */
const char *config_registry_url_expected(const char *name, struct buf *normal); /* a registry's upstream */

/* Appends the text for a message: a password in a URL becomes "...". */
void config_print_masked(struct buf *out, const char *text);
/* Append a number in the form that the file takes: "64M", "10m". */
void config_print_size(struct buf *out, int64_t bytes);
void config_print_time(struct buf *out, int64_t seconds);

#endif
