/* The version of the program: in the User-Agent, on the status page and in `yizhan version`. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define YIZHAN_VERSION "0.1.0"

#endif
