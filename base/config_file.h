/* Reading mirror.conf into a struct config (config.h).
 *
 * The file is INI as inih reads it: `;` and `#` begin comment lines, ` ;` a comment after a value; sections
 * are `[section]` or `[section "name"]`. Leading blanks mean nothing: a value ends with its line. Sizes take
 * K M G T (powers of 1024), times take s m h d. A list may be given several times, in order. */
#ifndef BASE_CONFIG_FILE_H
#define BASE_CONFIG_FILE_H

#include <stddef.h>

struct buf;
struct config;

/* Reads and checks the file. Returns 0 with *out owned by the caller (config_free()), or -1 with one sentence
 * in `error` ("mirror.conf:12: ..."): what is wrong, where, and what was expected. */
int config_load(const char *path, struct config **out, struct buf *error);
/* As config_load(), for text in memory, which need not end in a NUL; messages call it `name`. */
int config_parse(const char *text, size_t len, const char *name, struct config **out, struct buf *error);

#endif
