using System.Collections.Frozen;

namespace FeedBox.Core.Inspection;

/// <param name="IsNoun">Whether it can be a tag.</param>
/// <param name="Categories">Places in <see cref="CategoryVocabulary.Categories"/>.</param>
internal sealed record VocabularyEntry(string Word, bool IsNoun, int[] Categories);

/// <summary>Words that tell what a text is about. A word of the text belongs to a category when it begins with one of these; a dash marks a verb.</summary>
internal static class CategoryVocabulary
{
    private static readonly string[] Health = Words("""
        건강 운동 스트레칭 허리 무릎 통증 관절 근육 수면 숙면 잠든- 카페인 영양 비타민 식단 채식 콜레스테롤 혈압 혈당 당뇨 혈액 검사 병원 의사 진단 치료 물리치료 두통
        약국 복용 면역 다이어트 체중 체력 걷기 산책 요가 필라테스 명상 스트레스 우울 불면 감기 백신 예방 증상 질병 암 피로 호흡 자세 척추 어깨 시력 치아
        health healthy sleep diet vitamin doctor exercise stretching muscle pain blood therapy wellness symptom
        """);

    private static readonly string[] Study = Words("""
        공부 학습 시험 오답 노트 문제 강의 수업 학교 대학 고등학교 중학교 학생 선생 교재 교과서 도서관 집중 암기 복습 예습 영어 수학 국어 과학 역사 통계 단어 원서 완독 독서
        자격증 합격 수능 토익 과제 숙제 논문 유학 학원 개념 필기 듣기 회화 문법 책상 배우- 배운-
        study studying exam homework lecture school university vocabulary grammar learning textbook library math
        """);

    private static readonly string[] Economy = Words("""
        경제 금리 환율 물가 주식 주가 펀드 투자 저축 적금 예금 대출 이자 전세 월세 부동산 아파트 집값 가계부 절약 지출 소비 소득 연금 보험 세금 절세 은행 증권 채권 배당 달러
        수출 수입 기업 매출 이익 원가 시장 거래 인플레이션 경기 고용 통장 비상금 요금제 통화 재테크 코인 가상화폐
        economy economic stock stocks inflation interest rate fund invest investment savings bank tax currency market mortgage
        """);

    private static readonly string[] Development = Words("""
        개발 코드 코딩 프로그래밍 프로그램 소프트웨어 서버 클라이언트 데이터베이스 쿼리 인덱스 트랜잭션 카프카 이벤트 아웃박스 캐시 레디스 배포 테스트 버그 리팩터링 리팩토링
        레거시 라이브러리 프레임워크 자바 파이썬 자바스크립트 코틀린 스프링 스레드 블로킹 비동기 커넥션 교착 모니터링 알고리즘 형태소 컴파일 깃허브 커밋 브랜치 도커 쿠버네티스
        클라우드 마이크로서비스 아키텍처 서킷 브레이커 인터페이스 객체 함수 변수 디버깅 로그 응답 페이징 백엔드 프론트엔드 인공지능 기술 컴퓨터 앱
        api sql java javascript typescript python kotlin spring kafka redis docker kubernetes code coding software programming developer database server
        deploy deployment bug refactoring framework library async thread compiler git linux backend frontend csharp dotnet
        """);

    private static readonly string[] Travel = Words("""
        여행 관광 여행지 관광지 숙소 호텔 게스트하우스 펜션 비행기 항공 공항 기차 열차 버스 렌터카 제주 강릉 부산 경주 여수 속초 전주 교토 도쿄 오사카 파리 런던 유럽 동남아 바다 바닷가
        해변 숲길 산책로 등산 캠핑 배낭 골목 당일치기 일정 예약 여권 환승 풍경 전망 축제 섬 온천 휴가
        travel trip tour hotel flight airport train beach island passport itinerary backpacking vacation hostel
        """);

    private static readonly string[] Cooking = Words("""
        요리 음식 레시피 재료 김치 찌개 된장 고추장 간장 설탕 소금 기름 볶음 볶아- 볶고- 볶으- 끓이- 끓여- 끓인- 끓는- 굽는- 구워- 구이 튀김 찜 반찬 국물 육수 고기 돼지고기 소고기 닭고기 생선 두부
        달걀 계란 감자 고구마 양파 대파 마늘 채소 과일 밀가루 반죽 오븐 에어프라이어 냄비 프라이팬 숟갈 양념 자취요리 베이킹 케이크 쿠키 파스타 토마토 쌀 밥 반숙 맛집 식당 식사
        cooking cook recipe ingredient ingredients sauce soup oven bake baking fry boil garlic onion kitchen food dinner pasta
        """);

    private static readonly string[] Sports = Words("""
        스포츠 운동 경기 야구 프로야구 축구 농구 배구 테니스 배드민턴 탁구 골프 수영 마라톤 달리기 달리던- 러닝 완주 결승 기록 선수 감독 코치 투수 타자 불펜 이닝 서브 토스 네트 골키퍼 득점
        승부 승리 패배 우승 리그 월드컵 올림픽 훈련 체육 헬스 등산 자전거 라이딩 클라이밍 스키 응원 심판
        sport sports baseball football soccer basketball tennis golf swimming marathon running race match coach player league goal olympic
        """);

    private static readonly string[] Culture = Words("""
        문화 영화 극장 배우 감독 대사 관객 흑백 드라마 연극 뮤지컬 공연 콘서트 음악 노래 앨범 가수 클래식 재즈 전시 미술 미술관 박물관 그림 작가 소설 시집 문학 책 만화 웹툰 예술 전통
        조선 백자 도자기 한옥 한복 국악 사진 축제 유산 역사
        culture movie film cinema theater theatre concert music album museum exhibition art novel literature poetry drama musical
        """);

    /// <summary>Every category of the table once.</summary>
    public static IReadOnlyList<string> Categories { get; } = ["건강", "공부", "경제", "개발", "여행", "요리", "스포츠", "문화"];

    private static readonly string[][] Lists = [Health, Study, Economy, Development, Travel, Cooking, Sports, Culture];

    private static readonly FrozenDictionary<string, int[]> ByName = new Dictionary<string, int[]>
    {
        ["건강"] = [0, 6], ["health"] = [0, 6],
        ["공부"] = [1], ["study"] = [1], ["교육"] = [1],
        ["경제"] = [2], ["economy"] = [2],
        ["개발"] = [3], ["development"] = [3], ["기술"] = [3],
        ["여행"] = [4], ["travel"] = [4],
        ["요리"] = [5], ["cooking"] = [5], ["음식"] = [5],
        ["스포츠"] = [6, 0], ["sports"] = [6, 0], ["운동"] = [6, 0],
        ["문화"] = [7], ["culture"] = [7], ["영화"] = [7],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, VocabularyEntry> Index = Lists
        .SelectMany((words, category) => words.Select(word => (Word: word.TrimEnd('-'), IsNoun: !word.EndsWith('-'), category)))
        .GroupBy(entry => entry.Word)
        .ToFrozenDictionary(group => group.Key, group => new VocabularyEntry(group.Key, group.Any(entry => entry.IsNoun), [.. group.Select(entry => entry.category).Distinct()]));

    private static readonly FrozenDictionary<string, VocabularyEntry>.AlternateLookup<ReadOnlySpan<char>> ByBeginning =
        Index.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly int Longest = Index.Keys.Max(word => word.Length);

    /// <summary>Places in <see cref="Categories"/> that the name stands for; null for a category this table knows nothing about.</summary>
    public static int[]? Of(string category) => ByName.GetValueOrDefault(category.Trim());

    /// <summary>
    /// The longest entry that the word (lower case) begins with, and its categories. Korean endings follow the word, so a beginning is enough;
    /// single syllables and Latin words must be the whole word.
    /// </summary>
    public static VocabularyEntry? Find(ReadOnlySpan<char> word)
    {
        if (char.IsAsciiLetter(word[0]) || word.Length == 1)
            return ByBeginning.TryGetValue(word, out var whole) ? whole : null;
        for (var length = Math.Min(word.Length, Longest); length > 1; length--)
            if (ByBeginning.TryGetValue(word[..length], out var beginning))
                return beginning;
        return null;
    }

    private static string[] Words(string list) => list.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
