/* The registries of a configuration that has been read: which keys hold for which upstream, and whether that makes
 * sense. Used by config.c. */
#ifndef BASE_CONFIG_REGISTRY_H
#define BASE_CONFIG_REGISTRY_H

struct buf;
struct config;

/* What a message is about: `key` of [word "name"]. The name is owned by the configuration. */
struct config_place {
    const char *word;
    const char *name;
    const char *key; /* NULL: the section as a whole */
};

/* Fills in registry_config.upstreams, and reads the files of passwords. Returns 0; -1 with a sentence in `error`,
 * without a password in it, and where the trouble is in *place. */
int config_registries_complete(struct config *config, struct config_place *place, struct buf *error);

#endif
