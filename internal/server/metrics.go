package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus is told. What is known at any time (ages, times, deliveries) is computed when it asks; what
// happens in runs is counted.
type metrics struct {
	registry  *prometheus.Registry
	runs      *prometheus.CounterVec
	durations prometheus.Histogram
	requests  prometheus.Counter
	filed     prometheus.Counter
	reloads   *prometheus.CounterVec
	limits    *prometheus.GaugeVec
}

func newMetrics(s *Service) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bot_runs_total", Help: "Runs since the start, by result: ok, failed.",
		}, []string{"result"}),
		durations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "bot_run_duration_seconds", Help: "How long runs took.", Buckets: []float64{0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900},
		}),
		requests: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bot_github_requests_total", Help: "Requests to GitHub that count against a limit.",
		}),
		filed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bot_delivered_parts_total", Help: "Parts of digests that were delivered.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bot_config_reloads_total", Help: "Readings of the configuration after the first, by result: ok, refused.",
		}, []string{"result"}),
		limits: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bot_github_limit_remaining", Help: "Requests left until GitHub's limit resets, after the last run, by limit.",
		}, []string{"limit"}),
	}
	for _, result := range []string{"ok", "failed"} {
		m.runs.WithLabelValues(result)
	}
	for _, result := range []string{"ok", "refused"} {
		m.reloads.WithLabelValues(result)
	}
	m.registry.MustRegister(m.runs, m.durations, m.requests, m.filed, m.reloads, m.limits, moment{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) ran(res Result, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.runs.WithLabelValues(result).Inc()
	m.durations.Observe(took.Seconds())
	m.requests.Add(float64(res.Requests))
	m.filed.Add(float64(res.Filed))
	for name, n := range res.Limits {
		// The name is of an answer's header, and Prometheus panics at what is no UTF-8.
		m.limits.WithLabelValues(strings.ToValidUTF8(name, "?")).Set(float64(n))
	}
}

func (m *metrics) reloaded(err error) {
	result := "ok"
	if err != nil {
		result = "refused"
	}
	m.reloads.WithLabelValues(result).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: false})
}

// moment is what is true when it is asked for.
type moment struct{ s *Service }

var (
	ageDesc  = prometheus.NewDesc("bot_data_age_seconds", "Since when what is known of a source is not known to be current.", []string{"upstream", "source"}, nil)
	upDesc   = prometheus.NewDesc("bot_source_up", "Whether a source could be read when it was last looked at.", []string{"upstream", "source"}, nil)
	oweDesc  = prometheus.NewDesc("bot_deliveries", "Parts of digests in the state, by what became of them.", []string{"state"}, nil)
	lastDesc = prometheus.NewDesc("bot_last_run_timestamp_seconds", "When the last run ended; 0 before the first.", nil, nil)
	nextDesc = prometheus.NewDesc("bot_next_run_timestamp_seconds", "When the next run is due; 0 while one goes on.", nil, nil)
	nowDesc  = prometheus.NewDesc("bot_run_in_progress", "Whether a run goes on.", nil, nil)
	infoDesc = prometheus.NewDesc("bot_build_info", "The program's version.", []string{"version"}, nil)
)

// Describe implements prometheus.Collector.
func (moment) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ageDesc, upDesc, oweDesc, lastDesc, nextDesc, nowDesc, infoDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m moment) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	state, view := m.s.snapshot()
	now := m.s.opts.Now()
	for _, src := range view.Sources {
		if !src.CurrentAt.IsZero() {
			gauge(ageDesc, now.Sub(src.CurrentAt).Seconds(), src.Upstream, src.Source)
		}
		gauge(upDesc, truth(src.Status != "failed"), src.Upstream, src.Source)
	}
	for name, n := range view.Deliveries {
		gauge(oweDesc, float64(n), name)
	}
	gauge(lastDesc, unix(state.last))
	gauge(nextDesc, unix(state.next))
	gauge(nowDesc, truth(!state.running.IsZero()))
	gauge(infoDesc, 1, m.s.opts.Version)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
