/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counter-based random numbers: a pure function of a seed and a position.
 *
 * No state: the plan of loop 1000 can be computed without the 999 before it, which is what makes a
 * campaign resumable and replayable. Each word goes through the SplitMix64 finalizer (Steele, Lea,
 * Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
 */
#ifndef QSOAK_BASE_RANDOM_H
#define QSOAK_BASE_RANDOM_H

#include <stdint.h>

/* What a number is used for, so that two uses at one position are independent. */
enum random_stream {
	RANDOM_PHASE,	 /* at which loop an `every` operation comes first */
	RANDOM_UNIT,	 /* which unit of a weighted list a loop is */
	RANDOM_VERIFY,	 /* which of the saves and loads is verified */
	RANDOM_GUEST,	 /* the seed of a VM's guest */
	RANDOM_RESAMPLE, /* which blocks a replicate of the bootstrap draws */
	RANDOM_PERMUTE,	 /* the order of values in a permutation test */
	RANDOM_BLOCK,	 /* which build comes first in a block */
};

static inline uint64_t random_mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint64_t random_at(uint64_t seed, enum random_stream stream, uint64_t a, uint64_t b)
{
	return random_mix(random_mix(random_mix(random_mix(seed) ^ (uint64_t)stream) ^ a) ^ b);
}

/* Uniform in [0, n) up to a bias below n / 2^64; n above 0. */
static inline uint64_t random_below(uint64_t random, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)random * n) >> 64);
}

#endif
