# SPDX-License-Identifier: GPL-2.0-or-later
# Makes rank.json, bootstrap.json, power.json and change.json beside it, as oracle.R its files.
#
# cd tests/data/statistics && Rscript compare.R       (Debian: r-base-core, r-cran-exactranktests)
suppressPackageStartupMessages(library(exactRankTests))
source("json.R")
RNGversion("4.0.0")
set.seed(20221110)

# R and C take the same doubles.
as_read <- function(x) as.numeric(sprintf("%.15g", x))

# Paired differences.

differences <- function(n, kind = pick(c("fine", "fine", "ties", "zeros", "shifted", "wild", "signs"))) {
	as_read(switch(kind,
	       fine = round(rnorm(n, pick(c(0, 0.3))), 6),
	       ties = sample(-3:4, n, replace = TRUE),
	       zeros = ifelse(runif(n) < 0.4, 0, round(rnorm(n, 0.5), 1)),
	       shifted = round(0.1 + rexp(n) / 50, 5),
	       wild = signif(tan(pi * (runif(n) - 0.5)) * 10^pick(c(-9, 0, 9)), 6),
	       signs = sample(c(-1, 1), n, replace = TRUE)))
}

# [[statistic, count, exact, p], differences]
exact_most <- 200
rank_test <- function(x) {
	y <- x[x != 0]
	exact <- length(y) <= exact_most
	if (length(y) == 0)
		return(array(c(numbers(c(0, 0, 1, 1)), numbers(x))))
	r <- suppressWarnings(if (exact) wilcox.exact(y, exact = TRUE) else wilcox.test(y, exact = FALSE))
	if (exact && !anyDuplicated(abs(y)))
		stopifnot(all.equal(r$p.value, wilcox.test(y, exact = TRUE)$p.value, tolerance = 1e-12))
	array(c(numbers(c(r$statistic, length(y), exact, r$p.value)), numbers(x)))
}

# [[estimate, lower, upper, confidence], differences], null where there is no such interval.
hodges_lehmann <- function(x, confidence = pick(c(0.95, 0.95, 0.95, 0.9, 0.99, 0.999, 0.5))) {
	n <- length(x)
	alpha <- (1 - confidence) / 2
	sums <- outer(x, x, "+")
	walsh <- sort(sums[!lower.tri(sums)]) / 2
	rank <- if (n <= exact_most) qsignrank(alpha, n) else
		ceiling(n * (n + 1) / 4 - qnorm(1 - alpha) * sqrt(n * (n + 1) * (2 * n + 1) / 24) - 0.5)
	if (rank == 0 && 2^-n <= alpha * (1 + 1e-12))
		rank <- 1 # exactly reached: R's quantile is one too low for it
	limits <- if (rank == 0) c(NA, NA) else walsh[c(rank, length(walsh) + 1 - rank)]
	if (rank > 0 && n <= exact_most && all(x != 0) && !anyDuplicated(abs(x))) {
		r <- wilcox.test(x, conf.int = TRUE, exact = TRUE, conf.level = confidence)
		stopifnot(limits == r$conf.int, median(walsh) == r$estimate)
	}
	array(c(numbers(c(median(walsh), limits, confidence)), numbers(x)))
}

small <- function() pick(c(1:6, 1:12, 15, 20, 30, 40, 60, 100, 199, 200))
large <- function() pick(c(201, 250, 333, 500, 700))
tests <- c(replicate(260, rank_test(differences(small()))), replicate(30, rank_test(differences(large()))),
	   rank_test(rep(0, 5)), rank_test(differences(5000, "ties")), rank_test(differences(2000, "fine")))
intervals <- c(replicate(260, hodges_lehmann(differences(small()))),
	       replicate(30, hodges_lehmann(differences(large()))), hodges_lehmann(rep(0, 7)),
	       hodges_lehmann(differences(2000, "fine"), 0.95), hodges_lehmann(differences(3000, "ties"), 0.95))
# For how far the normal approximation's rank is from the exact one: [n, rank] at 0.95.
ranks <- sapply(c(201, 300, 500, 1000), function(n) numbers(c(n, qsignrank(0.025, n))))
write_cases(list(tests = tests, intervals = intervals, ranks = ranks), "rank.json")

# The numbers of base/random.h, on four limbs of 16 bits, the lowest first: what the bootstrap draws.

limbs <- function(x) lapply(0:3, function(i) floor(x / 65536^i) %% 65536)
constant <- function(hex) lapply(3:0, function(i) strtoi(substr(hex, 4 * i + 1, 4 * i + 4), 16L))
carry <- function(x) {
	for (i in 1:3)
		x[[i + 1]] <- x[[i + 1]] + floor(x[[i]] / 65536)
	lapply(x, function(limb) limb %% 65536)
}
add <- function(x, y) carry(Map(`+`, x, y))
xor64 <- function(x, y) Map(function(a, b) as.numeric(bitwXor(a, b)), x, y)
multiply <- function(x, y) {
	z <- list(0, 0, 0, 0)
	for (i in 1:4)
		for (j in 1:(5 - i))
			z[[i + j - 1]] <- z[[i + j - 1]] + x[[i]] * y[[j]]
	carry(z)
}
shift <- function(x, bits) {
	skip <- bits %/% 16
	x <- c(x[(skip + 1):4], rep(list(0), skip + 1))
	lapply(1:4, function(i) floor(x[[i]] / 2^(bits %% 16)) +
		(x[[min(i + 1, length(x))]] * 2^(16 - bits %% 16)) %% 65536)
}
mix <- function(z) {
	z <- add(z, constant("9e3779b97f4a7c15"))
	z <- multiply(xor64(z, shift(z, 30)), constant("bf58476d1ce4e5b9"))
	z <- multiply(xor64(z, shift(z, 27)), constant("94d049bb133111eb"))
	xor64(z, shift(z, 31))
}
random_at <- function(seed, stream, a, b)
	mix(xor64(mix(xor64(mix(xor64(mix(limbs(seed)), limbs(stream))), limbs(a))), limbs(b)))
# Of an n below 65536.
below <- function(x, n) {
	over <- 0
	for (limb in x)
		over <- floor((limb * n + over) / 65536)
	over
}
stopifnot(sprintf("%04x", rev(unlist(mix(limbs(0))))) == c("e220", "a839", "7b1d", "cdaf"))

replicates <- 1999
stream_resample <- 4
draws <- function(seed, n) {
	at <- expand.grid(draw = seq_len(n) - 1, replicate = seq_len(replicates) - 1)
	word <- function(x) lapply(limbs(x), as.integer)
	matrix(below(random_at(seed, stream_resample, at$replicate, at$draw), n) + 1, n)
}

nearest_rank <- function(sorted, percentile)
	sorted[max(1, ceiling(percentile * length(sorted) / 100))]

samples <- function(kind, most = 12) {
	n <- if (runif(1) < 0.05) 0 else sample.int(most, 1)
	as_read(switch(kind,
	       fine = round(1000 * exp(rnorm(n) / 5)),
	       ties = sample.int(5, n, replace = TRUE),
	       huge = signif(1e15 * exp(rnorm(n)), 9),
	       tiny = signif(1e-6 * exp(rnorm(n)), 9)))
}

# [[seed, percentile, confidence, a, b, ratio, lower, upper], a of each block, b of each block]
drawn <- list()
bootstrap <- function() {
	seed <- pick(c(0, 1, 42, 2^40 + 12345))
	n <- pick(c(2, 3, 5, 8, 12, 20))
	key <- paste(seed, n)
	if (is.null(drawn[[key]]))
		drawn[[key]] <<- draws(seed, n)
	kind <- pick(c("fine", "fine", "ties", "huge", "tiny"))
	a <- replicate(n, samples(kind), simplify = FALSE)
	b <- replicate(n, samples(kind), simplify = FALSE)
	percentile <- pick(c(95, 95, 99, 99, 50, 100))
	confidence <- pick(c(0.95, 0.95, 0.9, 0.99))
	if (sum(lengths(a)) == 0 || sum(lengths(b)) == 0)
		return(bootstrap())
	of <- function(blocks, side) nearest_rank(sort(unlist(side[blocks])), percentile)
	# Blocks without samples may be all that is drawn.
	ratio <- apply(drawn[[key]], 2, function(blocks)
		if (sum(lengths(a[blocks])) && sum(lengths(b[blocks]))) of(blocks, b) / of(blocks, a) else NA)
	ratio <- sort(ratio)
	rank <- max(1, floor((length(ratio) + 1) * (1 - confidence) / 2 + 1e-9))
	whole <- c(of(seq_len(n), a), of(seq_len(n), b))
	array(c(numbers(c(seed, percentile, confidence, whole, whole[2] / whole[1], ratio[rank],
			  ratio[length(ratio) + 1 - rank])), array(sapply(a, numbers)), array(sapply(b, numbers))))
}
write_cases(list(ratios = replicate(220, bootstrap())), "bootstrap.json")

# Power: [estimate, half-width, blocks, confidence, alpha, margin, detectable, more blocks].
# Spending: [[alpha, level of each look], looks]

power <- function() {
	estimate <- pick(c(0, 0.05, -0.05, round(rnorm(1, 0, 0.1), 4)))
	half <- round(rexp(1) / 20 + 1e-4, 5)
	blocks <- pick(c(6, 20, 40, 1000, 20000))
	confidence <- pick(c(0.95, 0.9, 0.99))
	alpha <- pick(c(0.05, 0.0444, 0.01, 0.001))
	margin <- pick(c(0, 0.05, 0.02, 0.1))
	s <- half / qnorm(1 - (1 - confidence) / 2)
	detectable <- (qnorm(1 - alpha / 2) + qnorm(0.8)) * s
	wanted <- c(abs(estimate) / (qnorm(1 - alpha / 2) * s), (margin - abs(estimate)) / half)
	more <- if (max(wanted) > 0) max(1, ceiling(blocks / max(wanted)^2) - blocks) else NA
	numbers(c(estimate, half, blocks, confidence, alpha, margin, detectable, more))
}

spend <- function() {
	alpha <- pick(c(0.05, 0.05, 0.01, 0.1, 0.001, 0.3))
	looks <- sort(sample.int(pick(c(10, 100, 20000)), sample.int(6, 1)))
	until <- 2 * pnorm(qnorm(1 - alpha / 2) / sqrt(looks / max(looks)), lower.tail = FALSE)
	array(c(numbers(c(alpha, diff(c(0, until)))), numbers(looks)))
}
write_cases(list(powers = replicate(250, power()), spends = replicate(220, spend())), "power.json")

# A series' best split, straight from the definition: [[min segment, statistic], values].

energy <- function(d, x, y) {
	m <- length(x)
	n <- length(y)
	m * n / (m + n) * (2 * mean(d[x, y]) - sum(d[x, x]) / (m * (m - 1)) - sum(d[y, y]) / (n * (n - 1)))
}

best_split <- function(values, least) {
	n <- length(values)
	d <- as.matrix(dist(values))
	step <- ceiling(n / 256)
	best <- -Inf
	for (at in least:(n - least))
		for (to in (at + least):n)
			if ((n - to) %% step == 0)
				best <- max(best, energy(d, 1:at, (at + 1):to))
	array(c(numbers(c(least, best)), numbers(values)))
}

series <- function(n, kind = pick(c("noise", "step", "bump", "ties", "constant", "huge"))) {
	noise <- round(1000 + rnorm(n) * 10)
	switch(kind,
	       noise = noise,
	       step = noise + (seq_len(n) > n / 2) * 30,
	       bump = noise + (seq_len(n) > n / 2 & seq_len(n) < n * 0.8) * 50,
	       ties = sample.int(3, n, replace = TRUE),
	       constant = rep(7, n),
	       huge = noise * 1e9)
}
splits <- c(replicate(220, {
		least <- pick(c(2, 2, 3, 5))
		best_split(series(2 * least + sample.int(30, 1) - 1), least)
	    }), sapply(c(90, 120), function(n) best_split(series(n, "bump"), 2)))
write_cases(list(splits = splits), "change.json")
