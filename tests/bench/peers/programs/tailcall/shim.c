// What Tailcall's program takes from a C library newer than Debian 12's.
#include <stdlib.h>

long __isoc23_strtol(const char *text, char **behind, int base) { return strtol(text, behind, base); }
