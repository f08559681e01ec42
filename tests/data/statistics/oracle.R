# SPDX-License-Identifier: GPL-2.0-or-later
# Makes survival.json and proportion.json beside it: random cases, and what R says about them.
#
# cd tests/data/statistics && Rscript oracle.R       (Debian: r-base-core, r-cran-survival)
suppressPackageStartupMessages(library(survival))
source("json.R")
RNGversion("4.0.0")
set.seed(20221110)

# Groups of VMs: loops, and whether they failed.

lifetimes <- function(n, kind) {
	switch(kind,
	       geometric = rgeom(n, pick(c(0.9, 0.5, 0.1, 0.01, 1e-3, 1e-4))),
	       ties = sample.int(pick(c(1, 2, 4, 8)), n, replace = TRUE) - 1,
	       constant = rep(pick(c(0, 1, 17)), n),
	       huge = floor(rexp(n) * 10^pick(c(7, 10, 12))),
	       mixed = ifelse(runif(n) < 0.3, 0, rgeom(n, 0.02)))
}

censored_at <- function(n, kind, loops) {
	top <- max(loops) + 1
	switch(kind,
	       none = rep(Inf, n),
	       planned = rep(floor(quantile(loops, pick(c(0.02, 0.3, 0.6, 0.95)))), n),
	       random = floor(runif(n) * top * pick(c(0.05, 0.5, 1, 2))),
	       all = pmax(loops - 1, 0))
}

# Few distinct values keep the file small where there are many VMs.
coarse <- function(loops, most) {
	if (max(loops) <= most) loops else floor(loops / ceiling(max(loops) / most))
}

group <- function(n, kind = pick(c("geometric", "geometric", "ties", "mixed", "huge", "constant")),
		  censoring = pick(c("none", "planned", "random", "random", "all")), most = 60) {
	loops <- lifetimes(n, kind)
	if (n > most)
		loops <- coarse(loops, most)
	limit <- censored_at(n, censoring, loops)
	data.frame(loops = pmin(loops, limit), failed = loops <= limit & censoring != "all")
}

size <- function() pick(c(1:5, 7, 10, 10, 15, 20, 30, 50, 100, 300, 1000, 4000))

# [loops, failed, censored, ...], by loops.
samples <- function(g) {
	counts <- table(factor(g$loops, sort(unique(g$loops))), factor(g$failed, c(TRUE, FALSE)))
	numbers(rbind(sort(unique(g$loops)), counts[, 1], counts[, 2]))
}

# At most eight steps of the estimate, the first and the last among them:
# [position, loops, at risk, failures, survival, variance, lower, upper].
points <- function(s) {
	if (length(s$time) == 0)
		return("[]")
	i <- unique(round(seq(1, length(s$time), length.out = min(8, length(s$time)))))
	variance <- ifelse(s$surv[i] == 0, 0, s$std.err[i]^2)
	array(sapply(seq_along(i), function(k)
		numbers(c(i[k] - 1, s$time[i[k]], s$n.risk[i[k]], s$n.event[i[k]], s$surv[i[k]],
			  variance[k], s$lower[i[k]], s$upper[i[k]]))))
}

# The median is [median, lower, upper].
curve <- function(g) {
	confidence <- pick(c(0.95, 0.95, 0.95, 0.9, 0.99))
	fit <- survfit(Surv(loops, failed) ~ 1, g, conf.type = "log-log", conf.int = confidence,
		       timefix = FALSE)
	s <- summary(fit)
	sprintf("{\"confidence\": %s, \"samples\": %s, \"steps\": %d, \"points\": %s, \"median\": %s}",
		number(confidence), samples(g), length(s$time), points(s),
		numbers(unname(s$table[7:9])))
}

# [observed and expected of a, variance, chi square, p]; R has no answer where the variance is 0.
# Ranks, because R takes loops that are almost equal as equal.
logrank <- function(g) {
	g$loops <- match(g$loops, sort(unique(g$loops)))
	d <- tryCatch(suppressWarnings(survdiff(Surv(loops, failed) ~ group, g)), error = function(e)
		if (grepl("exactly singular", conditionMessage(e))) NULL else stop(e))
	if (is.null(d) || d$var[1, 1] < 1e-12)
		return("null")
	numbers(c(d$obs[1], d$exp[1], d$var[1, 1], d$chisq, pchisq(d$chisq, 1, lower.tail = FALSE)))
}

pair <- function(a, b) {
	both <- rbind(cbind(a, group = 1), cbind(b, group = 2))
	sprintf("{\"a\": %s, \"b\": %s, \"answer\": %s}", samples(a), samples(b), logrank(both))
}

random_pair <- function() {
	kind <- pick(c("geometric", "ties", "mixed", "huge", "constant"))
	censoring <- pick(c("none", "planned", "random", "random", "all"))
	pair(group(size(), kind), group(size(), kind, censoring))
}

curves <- c(replicate(250, curve(group(size()))),
	    replicate(40, curve(group(size(), "ties", "none"))),
	    sapply(c("geometric", "huge"), function(kind) curve(group(3000, kind, "random", 1e9))))
# Here the estimate meets one half exactly, and often stays there.
halves <- sapply(seq(2, 60, 2), function(n) curve(data.frame(loops = seq_len(n) - 1, failed = TRUE)))
pairs <- c(replicate(300, random_pair()),
	   pair(group(3000, "huge", "random", 1e9), group(2000, "huge", "none", 1e9)))
write_cases(list(curves = c(curves, halves), pairs = pairs), "survival.json")

# Shares. [hits, count, confidence, lower, upper]

interval <- function(x, n, confidence, limits) numbers(c(x, n, confidence, limits))

share <- function() {
	n <- pick(c(1:5, 8, 10, 20, 50, 100, 1000, 12345, 1e5, 1e6, 1e7))
	c(pick(unique(pmin(c(0, 1, 2, 5, n %/% 100, n %/% 10, n %/% 3, n %/% 2, n - 5, n - 1, n,
			     sample.int(n, 2, TRUE)), n))), n)
}

level <- function() pick(c(0.95, 0.95, 0.95, 0.8, 0.9, 0.99, 0.9999, 0.5))

exact <- function() {
	s <- pmax(share(), 0)
	l <- level()
	interval(s[1], s[2], l, binom.test(s[1], s[2], conf.level = l)$conf.int)
}

score <- function() {
	s <- pmax(share(), 0)
	l <- level()
	interval(s[1], s[2], l,
		 suppressWarnings(prop.test(s[1], s[2], conf.level = l, correct = FALSE))$conf.int)
}

# One-sided, from the beta distribution. [count, confidence, upper]
none <- function(n) {
	l <- level()
	numbers(c(n, l, binom.test(0, n, alternative = "less", conf.level = l)$conf.int[2]))
}

# [hits_a, count_a, hits_b, count_b, p]
fisher <- function(x, m, y, n) {
	numbers(c(x, m, y, n, fisher.test(matrix(c(x, m - x, y, n - y), 2), conf.int = FALSE)$p.value))
}

random_fisher <- function(sizes, shares, factors) {
	m <- pick(sizes)
	n <- if (runif(1) < 0.3) m else pick(sizes)
	share <- pick(shares)
	fisher(rbinom(1, m, share), m, rbinom(1, n, min(1, share * pick(factors))), n)
}

# All tables of two small margins: many have partners of the same probability.
small <- c(sapply(0:4, function(x) sapply(0:6, function(y) fisher(x, 4, y, 6))),
	   sapply(0:7, function(x) fisher(x, 7, 7 - x, 7)))
# With nearly all of 1e7 hits R itself is wrong in the eleventh digit: none such here.
fishers <- c(small, replicate(200, random_fisher(c(1:20, 30, 50, 100), c(0.1, 0.5, 0.9), c(1, 3))),
	     replicate(150, random_fisher(c(300, 1000, 5000, 1e5), c(1e-3, 0.05, 0.3), c(1, 1.2, 2))),
	     replicate(60, random_fisher(c(1e5, 1e6, 1e7), c(1e-6, 1e-5, 5e-5), c(1, 2, 5))),
	     replicate(30, random_fisher(c(1e5, 1e6), c(0.01, 0.3), c(1, 1.003, 1.01))),
	     fisher(800, 1000, 100, 1000), fisher(0, 5000, 400, 400), fisher(2e5, 1e6, 201000, 1e6),
	     fisher(5e6, 1e7, 5002000, 1e7), fisher(3, 1e7, 19, 1e7),
	     fisher(4e6, 1e7, 2e6, 5000001), fisher(0, 1000, 200, 1000))

# p values, then what they become.
holm <- function(p) sprintf("[%s, %s]", numbers(p), numbers(p.adjust(p, "holm")))
random_p <- function() {
	n <- pick(1:12)
	p <- pick(list(runif(n), runif(n)^6, 10^-runif(n, 0, 300), rep(runif(1) / 5, n)))[[1]]
	ifelse(runif(n) < 0.15, pick(c(0, 1, p[1])), p)
}
holms <- c(replicate(80, holm(random_p())), holm(runif(300)^3))

write_cases(list(clopper_pearson = replicate(300, exact()), wilson = replicate(200, score()),
		 none = sapply(c(1:5, 10, 59, 299, 500, 2000, 1e5, 1e7), none), fisher = fishers,
		 holm = holms), "proportion.json")
