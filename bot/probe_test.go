package bot
import ("testing";"time";"fmt";"os";"bufio";"regexp"
 "github.com/ua-parser/uap-go/uaparser")
func TestProbe(t *testing.T){
 p,_:=uaparser.New(uaparser.WithMode(uaparser.EDeviceLookUpMode),uaparser.WithCacheSize(1))
 f,_:=os.Open("/root/go/pkg/mod/github.com/ua-parser/uap-go@v0.0.0-20260529044130-17c35e68e58c/uas")
 s:=bufio.NewScanner(f)
 word:=regexp.MustCompile(`(?i)(bot|crawl|spider|slurp)`)
 n,sp,ca,dis:=0,0,0,0
 var max time.Duration
 t0:=time.Now()
 for s.Scan(){ n++
  if n%8!=0 {continue}
  l:=s.Text()
  any:=false
  for _,d:=range p.Device { if d.DeviceReplacement=="Spider"&&d.Reg.MatchString(l){any=true}}
  if !any {continue}
  ca++
  t1:=time.Now()
  full:=p.ParseDevice(l).Family=="Spider"
  if d:=time.Since(t1);d>max{max=d}
  if full{sp++} else {dis++; fmt.Println("CATCH",p.ParseDevice(l).Family,"|",l)}
  if full&&!word.MatchString(l){fmt.Println("FULLONLY",l)}
 }
 fmt.Println(n,ca,sp,dis,max,time.Since(t0))
}
