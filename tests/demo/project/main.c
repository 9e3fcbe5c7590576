#include <stdio.h>
#include <stdlib.h>

/* Prints the numbers from 1 to the first argument, each with its square. */
int main(int argc, char **argv)
{
    long last = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

    if (last < 1) {
        fprintf(stderr, "usage: squares LAST\n");
        return 2;
    }
    for (long n = 1; n <= last; n++) {
        printf("%ld %ld\n", n, n * n);
    }
    return 0;
}
