/* The registries of a configuration that has been read: which keys apply to which upstream, and whether that
 * makes sense. Used by config_file.c. */
#ifndef BASE_CONFIG_REGISTRY_H
#define BASE_CONFIG_REGISTRY_H

struct buf;
struct config;

/* The subject of a message: `key` of [word "name"]. The name is owned by the configuration. */
struct config_place {
    const char *word;
    const char *name;
    const char *key; /* NULL: the section as a whole */
};

/* Fills in registry_config.upstreams, and reads the password files. Returns 0; or -1 with a sentence in
 * `error` (never with a password in it) and its subject in *place. */
int config_registries_complete(struct config *config, struct config_place *place, struct buf *error);

#endif
