package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

// asServer makes the test binary the server itself, for tests that need a process of their own.
const asServer = "GATEHOUSE_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main() // exits
	}
	for _, v := range os.Environ() { // a flag of whoever runs the tests is none of theirs
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, variablePrefix) && !strings.HasPrefix(name, "GATEHOUSE_TEST_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what should take milliseconds.
const patience = 30 * time.Second

// A buffer is written by the server while the test reads.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// running is a server that run started.
type running struct {
	ready
	file           string // of -ready
	stdout, stderr *buffer
	cancel         func()
	code           chan int
}

// start runs the server on a free port, without a database unless args name one, and waits for its
// ready file and its welcome.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	return startWith(t, nil, args...)
}

// startWith changes what no flag can.
func startWith(t *testing.T, change func(*config), args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &running{
		file:   filepath.Join(t.TempDir(), "ready.json"),
		stdout: new(buffer), stderr: new(buffer),
		cancel: cancel, code: make(chan int, 1),
	}
	args = append([]string{"-addr", "127.0.0.1:0", "-ready", s.file, "-db", inMemory}, args...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if change == nil {
			s.code <- run(ctx, args, s.stdout, s.stderr)
			return
		}
		c, err := parseConfig(ctx, args, s.stderr)
		change(&c)
		if err == nil {
			err = serve(ctx, c, s.stdout, s.stderr)
		}
		if err != nil {
			t.Error(err)
			s.code <- exitFailed
			return
		}
		s.code <- exitOK
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("the server said:\n%s", s.stderr)
		}
	})

	for deadline := time.Now().Add(patience); !strings.HasSuffix(s.stdout.String(), "ends the server.\n"); {
		select {
		case <-ended:
			t.Fatalf("the server ended with %d: %s", <-s.code, s.stderr)
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready after %v: %s", patience, s.stderr)
		}
	}
	s.ready = readReady(t, s.file)
	return s
}

func readReady(t *testing.T, file string) (r ready) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return r
}

// stop asks the server to end and returns its exit code.
func (s *running) stop(t *testing.T) int {
	t.Helper()
	s.cancel()
	select {
	case code := <-s.code:
		return code
	case <-time.After(patience):
		t.Fatal("the server does not end")
		return -1
	}
}

// send makes a request below the SCIM URL and returns status and body.
func (s *running) send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.SCIMURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.SCIMToken)
	r.Header.Set("Content-Type", "application/scim+json")
	return do(t, r)
}

func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("a redirect") },
	}
	w, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	got, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(got)
}

// user is what the tests read of an answer.
type user struct {
	ID        string
	Active    bool
	Detail    string
	Extension extension.User `json:"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User"`
}

func readUser(t *testing.T, body string) (u user) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &u); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return u
}

func TestReadyFile(t *testing.T) {
	s := start(t)
	info, err := os.Stat(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the mode is %v, want 0600", mode)
	}
	if want := "http://" + s.Addr + "/ws/scim/v2"; s.SCIMURL != want {
		t.Errorf("scim_url is %q, want %q", s.SCIMURL, want)
	}
	if !regexp.MustCompile(`^127\.0\.0\.1:[1-9][0-9]*$`).MatchString(s.Addr) {
		t.Errorf("addr is %q", s.Addr)
	}
	if !regexp.MustCompile(`^ghs_[A-Z2-7]{26,}$`).MatchString(s.SCIMToken) {
		t.Errorf("scim_token is %q", s.SCIMToken)
	}
	if s.ConsoleURL != "http://"+s.Addr+"/console/" || s.ConsoleUser != adminName || len(s.ConsolePassword) < 20 || len(s.TOTPSecret) != 32 {
		t.Errorf("how to administer is %q, %q, %q and %q", s.ConsoleURL, s.ConsoleUser, s.ConsolePassword, s.TOTPSecret)
	}
	if s.Tenant != tenant || !slices.Equal(s.Organizations, organizations) {
		t.Errorf("tenant and organizations are %q and %v", s.Tenant, s.Organizations)
	}
	beside, err := os.ReadDir(filepath.Dir(s.file))
	if err != nil || len(beside) != 1 {
		t.Errorf("beside the file there is something: %v %v", beside, err)
	}
	if code := s.stop(t); code != exitOK || s.stderr.String() != "" {
		t.Errorf("it ended with %d and said %q", code, s.stderr)
	}
}

// TestReadyFileReplaces checks that a file that was there, and that others could read, passes on
// neither its content nor its mode.
func TestReadyFileReplaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 10_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeReady(file, ready{SCIMToken: "token"}); err != nil {
		t.Fatal(err)
	}
	if got := readReady(t, file); got.SCIMToken != "token" {
		t.Errorf("the token is %q", got.SCIMToken)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the mode is %v, want 0600 (%v)", info.Mode(), err)
	}
}

// TestWelcome does what the welcome says: it runs the printed lines in bash where there is one,
// and sends what they would send where there is none.
func TestWelcome(t *testing.T) {
	s := start(t)
	for _, want := range []string{s.SCIMURL, s.SCIMToken, "Acme", "101", "102", "103", "in memory"} {
		if !strings.Contains(s.stdout.String(), want) {
			t.Errorf("it does not mention %q:\n%s", want, s.stdout)
		}
	}
	var lines []string
	for line := range strings.Lines(s.stdout.String()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 3 {
		t.Fatalf("it has %d curl lines, want 3:\n%s", len(lines), s.stdout)
	}
	created := readUser(t, play(t, lines[0]))
	if want := (extension.User{OrganizationID: "101", UserType: extension.EndUser}); created.ID == "" || !created.Active || created.Extension != want {
		t.Errorf("the first line made %+v", created)
	}
	if refused := readUser(t, play(t, lines[1])); !strings.Contains(refused.Detail, `organizationId cannot be "999"`) {
		t.Errorf("the second line is answered with %q", refused.Detail)
	}
	if list := play(t, lines[2]); !strings.Contains(list, `"totalResults":1,`) || !strings.Contains(list, "ada@example.com") {
		t.Errorf("the third line is answered with %s", list)
	}
	if got := s.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "refused") {
		t.Errorf("the log should have one refusal:\n%s", got)
	}
}

// play runs a printed curl line and returns what it prints.
func play(t *testing.T, line string) string {
	t.Helper()
	bash, noBash := exec.LookPath("bash")
	_, noCurl := exec.LookPath("curl")
	if noBash == nil && noCurl == nil {
		cmd := exec.CommandContext(t.Context(), bash, "-c", line)
		cmd.Env = append(os.Environ(), "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return string(out)
	}

	method, target, body := http.MethodGet, "", ""
	header := make(http.Header)
	words := shellWords(line)
	for i := 1; i < len(words); i++ {
		switch word := words[i]; {
		case word == "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case word == "-d":
			i++
			method, body = http.MethodPost, words[i]
		case word == "-w":
			i++
		case strings.HasPrefix(word, "http"):
			target = word
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	_, got := do(t, r)
	return got
}

// shellWords splits a line whose words are bare or in single quotes.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|[^' ]+`).FindAllStringSubmatch(line, -1) {
		words = append(words, strings.Trim(m[0], "'"))
	}
	return words
}

// TestLeaver has Entra ID deactivate a user the way it does: with a string.
func TestLeaver(t *testing.T) {
	s := start(t)
	status, body := s.send(t, "POST", "/Users", newcomer)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	id := readUser(t, body).ID
	status, body = s.send(t, "PATCH", "/Users/"+id, `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}`)
	if status != http.StatusOK || readUser(t, body).Active {
		t.Errorf("%d %s", status, body)
	}
	if _, body = s.send(t, "GET", "/Users/"+id, ""); readUser(t, body).Active {
		t.Errorf("still active: %s", body)
	}
}

func TestPlaces(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/ws/scim/v2/Users", 200, `"totalResults":0`},
		{"/ws/scim/v2/Users/", 200, `"totalResults":0`},
		{"/ws/scim/v2//Users", 200, `"totalResults":0`},
		{"/ws/scim/v2/Users?aadOptscim062020", 200, `"totalResults":0`},
		{"/ws/scim/v2//Users/?aadOptscim062020&filter=userName%20eq%20%22x%22", 200, `"totalResults":0`},
		{"/ws/scim/v2/ServiceProviderConfig", 200, `"oauthbearertoken"`},
		{"/ws/scim/v2", 404, s.SCIMURL},
		{"/ws/scim/v2/", 404, s.SCIMURL},
		{"/ws/scim/v22/Users", 404, "SCIM 2.0 is served at " + s.SCIMURL},
		{"/favicon.ico", 404, "SCIM 2.0 is served at " + s.SCIMURL},
		{"/", 200, "SCIM 2.0 is served at " + s.SCIMURL},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.SCIMToken)
		if status, body := do(t, r); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want %d and %q", c.path, status, body, c.status, c.want)
		}
	}
	// Who has no token learns where it would be of use, and nothing else.
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.SCIMURL+"/Users", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := do(t, r); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s, want 401", status, body)
	}
}

func TestOrganizations(t *testing.T) {
	const create = `{"userName": "%s", "` + extension.URN + `": {%s}}`
	s := start(t)
	for i, c := range []struct {
		sent   string
		status int
		want   string
	}{
		{`"organizationId": "102"`, 201, "102"},
		{`"organizationId": 103`, 201, "103"},
		{`"organizationId": "All"`, 201, extension.All},
		{`"userType": "Technician"`, 201, ""},
		{`"organizationId": "104"`, 400, "organizationId"},
		{`"organizationId": "Harbor Dental"`, 400, "organizationId"},
		{`"userType": "endUser"`, 400, "organizationId"},
		{`"organizationId": "101", "userType": "technician"`, 400, "userType"},
	} {
		status, body := s.send(t, "POST", "/Users", fmt.Sprintf(create, fmt.Sprint("user", i), c.sent))
		u := readUser(t, body)
		switch {
		case status != c.status:
			t.Errorf("%s: %d %s, want %d", c.sent, status, body, c.status)
		case status == 201 && u.Extension.OrganizationID != c.want:
			t.Errorf("%s: organization %q, want %q", c.sent, u.Extension.OrganizationID, c.want)
		case status == 400 && !strings.Contains(u.Detail, c.want):
			t.Errorf("%s: %q does not mention %s", c.sent, u.Detail, c.want)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Run("default organization", func(t *testing.T) {
		s := start(t, "-default-organization", "102")
		status, body := s.send(t, "POST", "/Users", `{"userName": "ada@example.com"}`)
		if u := readUser(t, body); status != 201 || u.Extension.OrganizationID != "102" {
			t.Errorf("%d %s, want a user in organization 102", status, body)
		}
	})
	t.Run("strict", func(t *testing.T) {
		s := start(t, "-strict")
		if status, body := s.send(t, "POST", "/Users", strings.Replace(newcomer, `"name"`, `"nom": 1, "name"`, 1)); status != 400 || !strings.Contains(body, "nom") {
			t.Errorf("%d %s, want a 400 for the unknown attribute", status, body)
		}
	})
	t.Run("token", func(t *testing.T) {
		if s := start(t, "-token", "sixteen-letters-"); s.SCIMToken != "sixteen-letters-" {
			t.Errorf("the token is %q", s.SCIMToken)
		}
	})
	t.Run("token from the environment", func(t *testing.T) {
		t.Setenv(tokenVariable, "from-the-environment")
		if s := start(t); s.SCIMToken != "from-the-environment" {
			t.Errorf("the token is %q", s.SCIMToken)
		}
	})
	t.Run("url", func(t *testing.T) {
		s := start(t, "-url", "https://acme.example.com/ws/scim/v2/")
		if s.SCIMURL != "https://acme.example.com/ws/scim/v2" {
			t.Errorf("scim_url is %q", s.SCIMURL)
		}
		s.SCIMURL = "http://" + s.Addr + scimPath
		status, body := s.send(t, "POST", "/Users", newcomer)
		if status != 201 || !strings.Contains(body, `"https://acme.example.com/ws/scim/v2/Users/`) {
			t.Errorf("%d %s, want a location with the public URL", status, body)
		}
	})
	t.Run("rate", func(t *testing.T) {
		s := start(t, "-rate", "25")
		for range 1000 { // the burst is ten seconds' worth
			if status, _ := s.send(t, "GET", "/Users?count=0", ""); status == http.StatusTooManyRequests {
				return
			}
		}
		t.Error("nothing was refused")
	})
	t.Run("verbose", func(t *testing.T) {
		s := start(t, "-v")
		s.send(t, "GET", "/Users?filter=userName%20eq%20%22ada%22&token="+s.SCIMToken, "")
		s.stop(t) // the request is logged after its answer
		got := s.stderr.String()
		for _, want := range []string{"method=GET", "path=/ws/scim/v2/Users", "status=200", `filter="userName eq \"ada\""`} {
			if !strings.Contains(got, want) {
				t.Errorf("the log does not have %s:\n%s", want, got)
			}
		}
		if strings.Contains(got, s.SCIMToken) {
			t.Errorf("the log has the token:\n%s", got)
		}
	})
}

// TestRefusedStarts checks that what cannot be is one sentence, and that secrets are not in it.
func TestRefusedStarts(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
		code int
	}{
		{"-default-organization 999", `"999" is no organization of Acme; there are 101 (Harbor Dental)`, exitUsage},
		{"-default-organization 0101", `"0101" is no organization`, exitUsage},
		{"-token fifteen-letters", "15 characters", exitUsage},
		{"-token fifteen-letters-and-a-ß", "cannot be sent", exitUsage},
		{"-rate 24", "at least 25", exitUsage},
		{"-rate -2", "at least 25", exitUsage},
		{"-rate many", "-rate", exitUsage},
		{"-url acme.example.com/ws/scim/v2", "absolute URL", exitUsage},
		{"-url https://acme.example.com/scim", "ends in /ws/scim/v2", exitUsage},
		{"-url https://acme.example.com/tenant/ws/scim/v2", "without path", exitUsage},
		{"-base-url https://acme.example.com/x", "without path", exitUsage},
		{"-base-url ldap://acme.example.com", "absolute URL", exitUsage},
		{"-base-url http://acme.example.com", "this machine alone", exitUsage},
		{"-base-url https://a.example -url https://b.example/ws/scim/v2", "two addresses", exitUsage},
		{"-addr 0.0.0.0:0 -db memory", "-tls-cert and -tls-key, or put a proxy with TLS in front and name its address with -base-url", exitUsage},
		{"-addr :0 -db memory -demo", "-base-url", exitUsage},
		{"-tls-cert cert.pem", "go together", exitUsage},
		{"-addr 127.0.0.1:0 -tls-cert /does/not/exist -tls-key /does/not/exist", "cannot be used", exitUsage},
		{"-trust-proxy 10.0.0.0/33", "-trust-proxy", exitUsage},
		{"-drain forever", "-drain", exitUsage},
		{"-url https://acme.example.com/ws/scim/v2?aadOptscim062020", "without query", exitUsage},
		{"-port 80", "-port", exitUsage},
		{"serve", `"serve"`, exitUsage},
		{"-addr 127.0.0.1:http-alternative", "cannot listen on 127.0.0.1:http-alternative", exitFailed},
		{"-addr 127.0.0.1:0 -db memory -ready /does/not/exist/ready.json", "-ready", exitFailed},
	} {
		t.Run(c.args, func(t *testing.T) {
			stdout, stderr := new(buffer), new(buffer)
			code := run(t.Context(), strings.Fields(c.args), stdout, stderr)
			if got := stderr.String(); code != c.code || !oneSentence(got) || !strings.Contains(got, c.want) {
				t.Errorf("exit code %d, %q; want %d and a sentence with %q", code, got, c.code, c.want)
			}
			if strings.Contains(stderr.String(), "fifteen") {
				t.Error("the sentence has the token")
			}
			if stdout.String() != "" {
				t.Errorf("it printed %q", stdout)
			}
		})
	}
}

func oneSentence(s string) bool {
	return strings.HasPrefix(s, "server: ") && strings.HasSuffix(s, "\n") && strings.Count(s, "\n") == 1
}

func TestBusyPort(t *testing.T) {
	s := start(t)
	stdout, stderr := new(buffer), new(buffer)
	code := run(t.Context(), []string{"-addr", s.Addr}, stdout, stderr)
	got := stderr.String()
	if code != 1 || !oneSentence(got) || !strings.Contains(got, s.Addr) || runtime.GOOS != "windows" && !strings.Contains(got, "in use") {
		t.Errorf("exit code %d, %q", code, got)
	}
}

func TestHelp(t *testing.T) {
	t.Setenv(tokenVariable, "from-the-environment")
	stdout, stderr := new(buffer), new(buffer)
	if code := run(t.Context(), []string{"-h"}, stdout, stderr); code != exitOK || !strings.Contains(stderr.String(), "-default-organization ID") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if strings.Contains(stderr.String(), "from-the-environment") {
		t.Errorf("the help has the token: %s", stderr)
	}
	stderr = new(buffer)
	if code := run(t.Context(), []string{"admin", "reset", "-h"}, stdout, stderr); code != exitOK || !strings.HasPrefix(stderr.String(), "usage: server admin reset") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestFinishesRequests ends the server in the middle of a request.
func TestFinishesRequests(t *testing.T) {
	s := start(t)
	body, half := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.SCIMURL+"/Users", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.SCIMToken)
	r.Header.Set("Content-Type", "application/scim+json")
	answered := make(chan int, 1)
	go func() {
		w, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			answered <- 0
			return
		}
		w.Body.Close()
		answered <- w.StatusCode
	}()
	half.Write([]byte(newcomer[:10])) // returns when the client has taken it
	s.send(t, "GET", "/Users?count=0", "")
	s.cancel()
	time.Sleep(50 * time.Millisecond) // the server has heard of it
	half.Write([]byte(newcomer[10:]))
	half.Close()
	if status := <-answered; status != http.StatusCreated {
		t.Errorf("the request under way is answered with %d, want 201", status)
	}
	if code := s.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestSignals has a process of its own end by signals.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to send")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "ready.json")
			cmd := exec.CommandContext(t.Context(), self, "-addr", "127.0.0.1:0", "-ready", file, "-db", inMemory)
			cmd.Env = append(os.Environ(), asServer+"=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
				if _, err := os.Stat(file); err == nil {
					break
				}
				if time.Now().After(deadline) {
					cmd.Process.Kill()
					cmd.Wait()
					t.Fatalf("the server is not ready after %v: %s", patience, &stderr)
				}
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
				t.Errorf("it ended with %v and said %q", err, &stderr)
			}
		})
	}
}
