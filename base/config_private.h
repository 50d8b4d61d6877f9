/* The table of sections and keys of mirror.conf: setting a key in a struct, defaults, descriptions. Defined
 * by config.c, for config_file.c alone. A key is one line of the table and one field of a struct in
 * config.h. */
#ifndef BASE_CONFIG_PRIVATE_H
#define BASE_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct config;

#define CONFIG_MAX_KEYS 64 /* of one section */

struct config_section {
    const char *word;      /* [word] or [word "name"] */
    const char *name_word; /* what the name is, for messages: "name", "URL"; NULL: it takes none */
    const char *help;
    /* NULL when the name is valid, else a description of valid ones. A valid name is appended in the form
     * that is kept. */
    const char *(*name_expected)(const char *name, struct buf *normal);
    /* Returns the struct with the fields of the section's keys: *config itself, or for a named section a new
     * entry with that name and with defaults. NULL when there are CONFIG_MAX_ITEMS already. Adding an entry
     * may move the others. */
    void *(*open)(struct config *config, const char *name);
};

struct config_key;

/* With all defaults; for config_free(). */
struct config *config_new(void);

/* NULL: there is no such section. */
const struct config_section *config_section_find(const char *word, bool named);
/* The number-th key of the section, NULL past the last. */
const struct config_key *config_key_at(const struct config_section *section, size_t number);
const char *config_key_name(const struct config_key *key);
bool config_key_is_list(const struct config_key *key);
/* It has no default and must be given. */
bool config_key_is_required(const struct config_key *key);
/* Appends the value as messages may have it: without passwords. */
void config_key_print_value(const struct config_key *key, const char *text, struct buf *out);
/* Appends a description of valid values, for messages and the reference: "a size such as 64M (K M G T)". */
void config_key_print_expected(const struct config_key *key, struct buf *out);

/* Puts the value of `text` into `base`, or appends it to a list. Returns 0, or -1 after appending the fault
 * and a description of valid values to `error`. */
int config_key_set(const struct config_key *key, void *base, const char *text, struct buf *error);
/* Frees the key's value. A list in the file replaces the default instead of adding to it. */
void config_key_clear(const struct config_key *key, void *base);
/* Appends [word] or [word "name"]. */
void config_section_print(const struct config_section *section, struct buf *out);
/* All sections, separated by commas. */
void config_print_sections(struct buf *out);
/* The names of its keys, separated by commas. */
void config_section_print_keys(const struct config_section *section, struct buf *out);

/* Another section that has a key of this name, or NULL: for the message about a misplaced key. */
const struct config_section *config_section_with_key(const char *key_name);

#endif
